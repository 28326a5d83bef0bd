//! The whole fit: predictions on rows that were held out, and a model of all rows.

use crate::analysis::fit::bayes::NaiveBayes;
use crate::analysis::fit::encode::{Encoder, Pairs};
use crate::analysis::fit::logistic::Logistic;
use crate::analysis::fit::measure::{Estimate, Part, calibration_error, difference, estimate, log_loss, parts};
use crate::analysis::fit::propose::points_of;
use crate::analysis::fit::samples::Samples;
use crate::analysis::random::Random;
use serde::Serialize;

/// Fewest rows of the rarer outcome from which anything is proposed. With 50 and many of the other, an area of 0.7 is
/// known to within 0.08 either way; below that even a useful model cannot be told from a coin.
pub const OUTCOMES_MIN: usize = 50;

/// Rows of the rarer outcome for each indicator below which weights are mostly penalty (the rule of ten events a
/// variable).
pub const OUTCOMES_PER_INDICATOR: usize = 10;

/// Parts that the rows are split into; each is predicted by a model of the others.
pub const FOLDS: std::ops::RangeInclusive<usize> = 2..=20;

/// Parts of the rows of a model, in which its penalty is chosen.
const INNER_FOLDS: usize = 4;

/// Penalties that are tried, smallest first.
const PENALTIES: [f64; 6] = [0.5, 1.5, 5.0, 15.0, 50.0, 150.0];

/// How a fit is done.
#[derive(Debug, Clone, Copy)]
pub struct FitSettings {
    /// Parts that the rows are split into, kept inside [`FOLDS`].
    pub folds: usize,
    /// Decides which row lies in which part.
    pub seed: u64,
    /// Whether two columns together may have weights.
    pub pairs: Pairs,
}

/// What was chosen for a model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Choice {
    /// Penalty on squared weights.
    pub penalty: f64,
    /// Whether two columns together have weights.
    pub pairs: Pairs,
}

/// There are too few outcomes to learn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{wins} won and {losses} lost rows are too few: at least {OUTCOMES_MIN} of each are needed")]
pub struct TooSmall {
    /// Won rows.
    pub wins: usize,
    /// Lost rows.
    pub losses: usize,
}

/// Something to know about a fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Remark {
    /// Stable code.
    pub code: String,
    /// What it means.
    pub text: String,
}

/// What a fit came to. Areas, tables and losses are of rows that were held out.
#[derive(Debug, Clone)]
pub struct Fit {
    /// Rows.
    pub rows: usize,
    /// Won rows.
    pub wins: usize,
    /// Area of the model.
    pub model: Estimate,
    /// Area of the whole points that are proposed.
    pub points: Estimate,
    /// Area of naive Bayes.
    pub baseline: Estimate,
    /// Area of the model less that of naive Bayes.
    pub gain: Estimate,
    /// Log loss of the model, of naive Bayes, and of the base rate alone.
    pub log_loss: [f64; 3],
    /// Lift and calibration, the highest predictions first.
    pub parts: Vec<Part>,
    /// Mean distance of predicted and observed shares.
    pub calibration_error: f64,
    /// What was chosen for the model of all rows.
    pub choice: Choice,
    /// Its indicators.
    pub encoder: Encoder,
    /// Its weights.
    pub weights: Logistic,
    /// What to know.
    pub remarks: Vec<Remark>,
}

/// Fits. `progress` is told how many of the folds are done.
///
/// # Errors
/// [`TooSmall`] when there are fewer than [`OUTCOMES_MIN`] won or lost rows.
pub fn fit(samples: &Samples, settings: FitSettings, progress: &mut dyn FnMut(usize)) -> Result<Fit, TooSmall> {
    let (rows, wins) = (samples.won.len(), samples.wins());
    let losses = rows.saturating_sub(wins);
    if wins.min(losses) < OUTCOMES_MIN {
        return Err(TooSmall { wins, losses });
    }
    let folds = settings.folds.clamp(*FOLDS.start(), *FOLDS.end());
    let place = split(&samples.won, folds, settings.seed);
    let mut held_out = HeldOut::new(rows);
    for fold in 0..folds {
        held_out.fold(samples, &place, fold, settings);
        progress(fold.saturating_add(1));
    }
    let choice = choose(samples, settings);
    let encoder = Encoder::learn(samples, choice.pairs);
    let weights = Logistic::fit(&encoder.rows(samples), &samples.won, encoder.len(), choice.penalty);
    let won = &samples.won;
    let HeldOut { model, points, baseline, rate } = held_out;
    let parts = parts(&model, won);
    let mut random = Random::new(settings.seed, "gain");
    let mut fit = Fit {
        rows,
        wins,
        model: estimate(&model, won),
        points: estimate(&points, won),
        baseline: estimate(&baseline, won),
        gain: difference(&model, &baseline, won, &mut random),
        log_loss: [log_loss(&model, won), log_loss(&baseline, won), log_loss(&rate, won)],
        calibration_error: calibration_error(&parts),
        parts,
        choice,
        encoder,
        weights,
        remarks: Vec::new(),
    };
    fit.remarks = remarks(&fit);
    Ok(fit)
}

/// Predictions for every row by models that have not seen it.
struct HeldOut {
    model: Vec<f64>,
    points: Vec<f64>,
    baseline: Vec<f64>,
    rate: Vec<f64>,
}

impl HeldOut {
    fn new(rows: usize) -> Self {
        Self { model: vec![0.0; rows], points: vec![0.0; rows], baseline: vec![0.0; rows], rate: vec![0.0; rows] }
    }

    fn fold(&mut self, samples: &Samples, place: &[usize], fold: usize, settings: FitSettings) {
        let (others, own) = sides(place, fold);
        let others = samples.part(&others);
        let choice = choose(&others, settings);
        let encoder = Encoder::learn(&others, choice.pairs);
        let model = Logistic::fit(&encoder.rows(&others), &others.won, encoder.len(), choice.penalty);
        let points = points_of(&encoder, &model);
        let baseline = NaiveBayes::learn(&others);
        let base = NaiveBayes::learn(&Samples { columns: Vec::new(), ..others.clone() });
        for number in own {
            let Some(row) = samples.rows.get(number) else { continue };
            let indicators = encoder.row(row);
            put(&mut self.model, number, model.probability(&indicators));
            let sum = indicators.iter().filter_map(|place| points.get(*place as usize)).sum::<i32>();
            put(&mut self.points, number, f64::from(sum));
            put(&mut self.baseline, number, baseline.probability(row));
            put(&mut self.rate, number, base.probability(&[]));
        }
    }
}

fn put(list: &mut [f64], number: usize, value: f64) {
    if let Some(place) = list.get_mut(number) {
        *place = value;
    }
}

/// Part of each row: won and lost rows are dealt out separately, so that every part has its share of both.
fn split(won: &[bool], folds: usize, seed: u64) -> Vec<usize> {
    let mut random = Random::new(seed, "folds");
    let mut place = vec![0; won.len()];
    for outcome in [true, false] {
        let mut rows: Vec<usize> = (0..won.len()).filter(|row| won.get(*row) == Some(&outcome)).collect();
        random.shuffle(&mut rows);
        for (number, row) in rows.into_iter().enumerate() {
            if let Some(place) = place.get_mut(row) {
                *place = number.checked_rem(folds).unwrap_or(0);
            }
        }
    }
    place
}

/// Rows outside of a part, and those in it.
fn sides(place: &[usize], fold: usize) -> (Vec<usize>, Vec<usize>) {
    (0..place.len()).partition(|row| place.get(*row) != Some(&fold))
}

/// The penalty, and whether to use pairs, that predict held-out parts of these rows best; the larger penalty when equal.
fn choose(samples: &Samples, settings: FitSettings) -> Choice {
    let place = split(&samples.won, INNER_FOLDS, settings.seed.wrapping_add(1));
    let mut best: Option<(f64, Choice)> = None;
    let kinds = if settings.pairs == Pairs::With { vec![Pairs::Without, Pairs::With] } else { vec![Pairs::Without] };
    for pairs in kinds {
        let mut predicted = vec![vec![0.0; samples.won.len()]; PENALTIES.len()];
        for fold in 0..INNER_FOLDS {
            let (others, own) = sides(&place, fold);
            let others = samples.part(&others);
            let encoder = Encoder::learn(&others, pairs);
            let rows = encoder.rows(&others);
            for (penalty, predicted) in PENALTIES.iter().zip(&mut predicted) {
                let model = Logistic::fit(&rows, &others.won, encoder.len(), *penalty);
                for number in &own {
                    let Some(row) = samples.rows.get(*number) else { continue };
                    put(predicted, *number, model.probability(&encoder.row(row)));
                }
            }
        }
        for (penalty, predicted) in PENALTIES.iter().zip(&predicted) {
            let loss = log_loss(predicted, &samples.won);
            if best.is_none_or(|(least, _)| loss <= least) {
                best = Some((loss, Choice { penalty: *penalty, pairs }));
            }
        }
    }
    best.map_or(Choice { penalty: 1.0, pairs: Pairs::Without }, |(_, choice)| choice)
}

fn remarks(fit: &Fit) -> Vec<Remark> {
    let mut remarks = Vec::new();
    let mut say = |code: &str, text: String| remarks.push(Remark { code: code.to_owned(), text });
    let rarer = fit.wins.min(fit.rows.saturating_sub(fit.wins));
    if fit.encoder.len().saturating_mul(OUTCOMES_PER_INDICATOR) > rarer {
        let text = format!(
            "{rarer} rows of the rarer outcome for {} weights: single weights are uncertain, use the tiers rather than \
             the points",
            fit.encoder.len()
        );
        say("few_outcomes", text);
    }
    if fit.model.low <= 0.5 {
        say("no_signal", "on held-out rows the model is no better than chance: do not publish it".to_owned());
    }
    if fit.gain.low <= 0.0 {
        let text = "the gain over naive Bayes may be chance: its interval includes zero".to_owned();
        say("gain_not_proven", text);
    }
    if fit.points.value + 0.02 < fit.model.value {
        say("rounding_costs", "whole points lose more than 0.02 of the area".to_owned());
    }
    remarks
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows whose outcome depends on two columns together, and a third that says nothing.
    fn samples(rows: usize) -> Samples {
        let mut random = Random::new(11, "samples");
        let mut samples = Samples { columns: vec!["a".into(), "b".into(), "noise".into()], ..Samples::default() };
        for _ in 0..rows {
            let [a, b, noise] = [random.below(3), random.below(3), random.below(4)];
            let percent = if a == b { 60 } else { 10 };
            samples.won.push(random.percent(percent));
            samples.rows.push([a, b, noise].map(|value| value.to_string()).to_vec());
        }
        samples
    }

    const SETTINGS: FitSettings = FitSettings { folds: 5, seed: 1, pairs: Pairs::With };

    #[test]
    fn what_only_two_columns_together_say_is_found_and_naive_bayes_misses_it() {
        let fit = fit(&samples(1_500), SETTINGS, &mut |_| {}).unwrap();
        assert!(fit.model.value > 0.70, "{:?}", fit.model);
        assert!(fit.baseline.value < 0.56, "{:?}", fit.baseline);
        assert!(fit.gain.low > 0.1, "{:?}", fit.gain);
        assert_eq!(fit.choice.pairs, Pairs::With);
        assert!(fit.calibration_error < 0.05, "{}", fit.calibration_error);
        assert!(fit.points.value > fit.model.value - 0.02, "{:?}", fit.points);
        assert!(fit.log_loss[0] < fit.log_loss[2]);
    }

    #[test]
    fn too_few_outcomes_are_refused_and_just_enough_are_not() {
        let mut small = samples(400);
        small.won = (0..400).map(|row| row < 49).collect();
        assert_eq!(fit(&small, SETTINGS, &mut |_| {}).unwrap_err(), TooSmall { wins: 49, losses: 351 });
        small.won = (0..400).map(|row| row < 50).collect();
        assert!(fit(&small, SETTINGS, &mut |_| {}).is_ok());
    }

    #[test]
    fn noise_is_called_noise() {
        let mut noise = samples(600);
        let mut random = Random::new(12, "outcomes");
        noise.won = noise.rows.iter().map(|_| random.percent(30)).collect();
        let fit = fit(&noise, SETTINGS, &mut |_| {}).unwrap();
        assert!(fit.remarks.iter().any(|remark| remark.code == "no_signal"), "{:?} {:?}", fit.model, fit.remarks);
    }

    #[test]
    fn every_part_has_its_share_of_both_outcomes() {
        let won: Vec<bool> = (0..103).map(|row| row % 10 == 0).collect();
        let place = split(&won, 5, 3);
        for fold in 0..5 {
            let wins = (0..103).filter(|row| place[*row] == fold && won[*row]).count();
            assert!((2..=3).contains(&wins));
        }
        assert_eq!(place, split(&won, 5, 3));
        assert_ne!(place, split(&won, 5, 4));
    }

    #[test]
    fn the_same_seed_gives_the_same_fit() {
        let one = fit(&samples(400), SETTINGS, &mut |_| {}).unwrap();
        let other = fit(&samples(400), SETTINGS, &mut |_| {}).unwrap();
        assert_eq!((one.model, one.weights), (other.model, other.weights));
    }
}
