//! What is learnt from many leads: weights from outcomes, a roster in virtual time, a draft against the past.

pub mod backtest;
pub mod fit;
pub mod simulate;
