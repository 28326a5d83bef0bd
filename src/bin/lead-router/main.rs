//! The native command line: try a rubric and a roster before they are trusted, and a record after it was made.
//!
//! Exit codes: 0 nothing found, 1 findings (problems in a rubric or roster, a decision that does not repeat, a broken
//! chain, refused leads, a deployment with something to mend), 2 input that cannot be read, or a deployment that does not take it. Results go to standard output, everything else to standard error.

mod args;
mod backtest;
mod check;
mod doctor;
mod explain;
mod files;
mod fit;
mod leads_csv;
mod lint;
mod now;
mod output;
mod progress;
mod references;
mod replay;
mod roster_file;
mod send;
mod simulate;
mod svg;
mod table;
mod tree;

use args::{Cli, Command};
use clap::Parser;
use output::{Failure, Output};
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

fn run(command: &Command) -> Result<Output, Failure> {
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
