//! The command line; see [`lead_router_cli`].

use clap::Parser;
use lead_router_cli::args::{Cli, Command};
use lead_router_cli::commands::{backtest, check, doctor, explain, fit, lint, replay, send, simulate};
use lead_router_cli::output::{self, CommandFailure, Output};
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are asked for; everything else is wrong usage.
            let code = if error.use_stderr() { 2 } else { 0 };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let result = run(&cli.command);
    let code = output::print(&result, cli.json);
    ExitCode::from(code)
}

fn run(command: &Command) -> Result<Output, CommandFailure> {
    match command {
        Command::Check(args) => check::run(args),
        Command::Lint(args) => lint::run(args),
        Command::Explain(args) => explain::run(args),
        Command::Simulate(args) => simulate::run(args),
        Command::Backtest(args) => backtest::run(args),
        Command::Fit(args) => fit::run(args),
        Command::Replay(args) => replay::run(args),
        Command::Verify(args) => replay::verify(args),
        Command::Send(args) => send::run(args),
        Command::Doctor(args) => doctor::run(args),
    }
}
