//! One file or folder per command.

pub mod backtest;
pub mod check;
pub mod doctor;
pub mod explain;
pub mod fit;
pub mod lint;
pub mod replay;
pub mod send;
pub mod simulate;
