//! The ledger alone: bounds on unfairness, exhaustively in small worlds and at random in large ones.
#![expect(clippy::arithmetic_side_effects, reason = "an overflow fails the test")]

use crate::roster_support::at;
use lead_router_core::id::RepId;
use lead_router_core::roster::rotation::{LEAD_UNITS, Rate, RotationEntry, RotationLedger, TieBreak, tie_breaker};
use proptest::prelude::*;

fn ledger(seats: usize) -> RotationLedger {
    let mut ledger = RotationLedger::default();
    for seat in 0..seats {
        ledger.push(tie_breaker(&RepId::new(&format!("rep-{seat}")).unwrap()));
    }
    ledger
}

/// One turn among the seats with a weight above zero; the winner, or nobody.
fn turn(ledger: &mut RotationLedger, weights: &[u32], lead: u64) -> Option<usize> {
    let mut entries: Vec<RotationEntry> = (0..)
        .zip(weights)
        .map(|(seat, weight)| RotationEntry { seat, effective: *weight, ..RotationEntry::default() })
        .collect();
    let turn = ledger.turn(&mut entries, lead)?;
    assert_eq!(entries.iter().map(|entry| entry.share_units).sum::<i64>(), LEAD_UNITS, "a pick credits one lead");
    ledger.settle(&entries, turn.winner, at("2026-06-09T08:00:00Z").plus_minutes(i64::try_from(lead).unwrap()));
    let winner = usize::try_from(turn.winner).unwrap();
    assert!(weights[winner] > 0, "a seat that takes no part cannot win");
    Some(winner)
}

fn balances(ledger: &RotationLedger) -> Vec<i64> {
    (0..ledger.len()).map(|seat| ledger.balance(seat)).collect()
}

fn seats(count: usize) -> i64 {
    i64::try_from(count).unwrap()
}

/// 1/2 + 1/3 + … + 1/n of a lead.
fn harmonic_less_one(seats: i64) -> i64 {
    (2..=seats).map(|k| LEAD_UNITS / k + 1).sum()
}

fn check_books(ledger: &RotationLedger) {
    assert_eq!(balances(ledger).iter().sum::<i64>(), 0, "balances sum to zero");
    for place in 0..ledger.len() {
        let seat = ledger.seat(place).unwrap();
        assert_eq!(seat.balance_units, seat.due_units - i64::try_from(seat.got).unwrap() * LEAD_UNITS);
        assert!(seat.due_units >= 0);
    }
}

const WEIGHTS: [[u32; 3]; 3] = [[1, 1, 1], [1, 2, 3], [1_000, 1, 1]];

/// Every world of up to three seats and six leads, with every choice of who takes part in each.
#[test]
fn no_seat_of_a_small_world_is_further_from_its_due_than_the_others_are_many() {
    let mut worst = 0;
    for count in 1..=3_usize {
        for weights in WEIGHTS {
            let mut worlds = vec![ledger(count)];
            for lead in 0..6 {
                let mut next = Vec::with_capacity(worlds.len() * 7);
                for world in &worlds {
                    for part in 1..1_u32 << count {
                        let effective: Vec<u32> =
                            (0..count).map(|seat| if part & (1 << seat) > 0 { weights[seat] } else { 0 }).collect();
                        let mut world = world.clone();
                        turn(&mut world, &effective, lead).unwrap();
                        check_books(&world);
                        let gap = balances(&world).iter().map(|units| units.abs()).max().unwrap();
                        assert!(gap <= (seats(count) - 1) * LEAD_UNITS + 6 * seats(count), "{gap} of {count} seats");
                        worst = worst.max(gap);
                        next.push(world);
                    }
                }
                worlds = next;
            }
        }
    }
    assert!(worst > 800_000, "the worlds are hard enough to push a seat far from its due, found {worst}");
}

/// Every small world in which all take part, with weights that change from lead to lead.
#[test]
fn with_everybody_taking_part_nobody_is_a_lead_ahead_or_a_harmonic_number_behind() {
    for count in 1..=3_usize {
        let mut worlds = vec![ledger(count)];
        for lead in 0..6 {
            let mut next = Vec::with_capacity(worlds.len() * WEIGHTS.len());
            for world in &worlds {
                for weights in WEIGHTS {
                    let mut world = world.clone();
                    turn(&mut world, &weights[..count], lead).unwrap();
                    check_books(&world);
                    let found = balances(&world);
                    assert!(*found.iter().min().unwrap() > -LEAD_UNITS);
                    assert!(*found.iter().max().unwrap() <= harmonic_less_one(seats(count)) + 6 * seats(count));
                    next.push(world);
                }
            }
            worlds = next;
        }
    }
}

#[test]
fn equal_seats_take_turns_in_an_order_that_stays() {
    let mut ledger = ledger(4);
    let order: Vec<usize> = (0..40).map(|lead| turn(&mut ledger, &[1; 4], lead).unwrap()).collect();
    for round in order.chunks(4) {
        let mut seen = round.to_vec();
        seen.sort_unstable();
        assert_eq!(seen, vec![0, 1, 2, 3], "every round has everybody once: {order:?}");
    }
    assert_eq!(order[4..8], order[8..12], "who waited longest is next");
}

#[test]
fn ties_go_to_weight_then_waiting_then_lot() {
    let entries = |weights: [u32; 2]| {
        [0, 1].map(|seat| RotationEntry { seat, effective: weights[seat as usize], ..RotationEntry::default() })
    };
    let fresh = ledger(2);
    let lots: Vec<u32> = (0..64).map(|seed| fresh.turn(&mut entries([1, 1]), seed).unwrap().winner).collect();
    assert!(lots.contains(&0) && lots.contains(&1), "the seed decides among equals");
    assert_eq!(fresh.turn(&mut entries([1, 1]), 3).unwrap().by, TieBreak::Random);

    let mut waited = ledger(2);
    for lead in 0..2 {
        turn(&mut waited, &[1, 1], lead);
    }
    let longest = fresh.turn(&mut entries([1, 1]), 0).unwrap().winner;
    for seed in 0..16 {
        let next = waited.turn(&mut entries([1, 1]), seed).unwrap();
        assert_eq!((next.winner, next.by), (longest, TieBreak::Waiting));
    }

    let mut uneven = ledger(2);
    let mut seat = uneven.seat(0).unwrap();
    seat.balance_units = 1_000_000 / 3;
    uneven.load(0, seat);
    seat.balance_units = -seat.balance_units;
    uneven.load(1, seat);
    let turn = uneven.turn(&mut entries([1, 2]), 0).unwrap();
    assert_eq!((turn.winner, turn.by), (0, TieBreak::Balance));
}

#[test]
fn the_larger_weight_wins_when_both_stand_equal() {
    // Weights 3 and 1: shares of 750,000 and 250,000 on balances that make up the difference.
    let mut ledger = ledger(2);
    for (place, balance) in [(0, -250_000), (1, 250_000)] {
        let seat = ledger.seat(place).unwrap();
        ledger.load(place, lead_router_core::roster::model::Seat { balance_units: balance, ..seat });
    }
    let mut entries = [
        RotationEntry { seat: 0, effective: 3, ..RotationEntry::default() },
        RotationEntry { seat: 1, effective: 1, ..RotationEntry::default() },
    ];
    let turn = ledger.turn(&mut entries, 9).unwrap();
    assert_eq!((turn.winner, turn.by), (0, TieBreak::Weight));
}

#[test]
fn five_three_one_of_nine_hundred_is_exact_at_the_end_and_close_on_the_way() {
    let mut ledger = ledger(3);
    for lead in 0..900 {
        turn(&mut ledger, &[5, 3, 1], lead).unwrap();
        assert!(balances(&ledger).iter().all(|units| units.abs() < LEAD_UNITS));
    }
    let got: Vec<u64> = (0..3).map(|seat| ledger.seat(seat).unwrap().got).collect();
    assert_eq!(got, vec![500, 300, 100]);
}

#[test]
fn the_smallest_share_is_one_unit_so_that_nobody_waits_for_ever() {
    let rate = Rate::new(40_000_000_000).unwrap();
    assert_eq!(rate.share_units(1), 1);
    assert_eq!(rate.share_units(0), 0);
    assert!(Rate::new(0).is_none());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_share_is_the_rounded_down_quotient(weight in 1_u32..=4_000_000, rest in 0_u64..=40_000_000_000) {
        let total = u64::from(weight) + rest;
        let expected = i64::try_from(u64::from(weight) * 1_000_000 / total).unwrap().max(1);
        prop_assert_eq!(Rate::new(total).unwrap().share_units(weight), expected);
    }

    /// The bound for changing weights, with everybody taking part.
    #[test]
    fn all_take_part(count in 1_usize..20, turns in prop::collection::vec(prop::collection::vec(1_u32..5_000, 20), 1..200)) {
        let mut ledger = ledger(count);
        let leads = i64::try_from(turns.len()).unwrap();
        for (lead, weights) in (0..).zip(&turns) {
            turn(&mut ledger, &weights[..count], lead).unwrap();
            let found = balances(&ledger);
            prop_assert!(*found.iter().min().unwrap() > -LEAD_UNITS);
            prop_assert!(*found.iter().max().unwrap() <= harmonic_less_one(seats(count)) + leads * seats(count));
        }
        check_books(&ledger);
    }

    /// The bound for arbitrary parts of the team, joiners included.
    #[test]
    fn any_part_takes_part(turns in prop::collection::vec(prop::collection::vec(prop_oneof![Just(0_u32), 1_u32..2_000], 12), 1..300)) {
        let mut ledger = ledger(2);
        for (lead, weights) in (0_u64..).zip(&turns) {
            if lead % 25 == 24 && ledger.len() < 12 {
                ledger.push(tie_breaker(&RepId::new(&format!("joiner-{lead}")).unwrap()));
            }
            let count = ledger.len();
            let before = balances(&ledger);
            if turn(&mut ledger, &weights[..count], lead).is_none() {
                prop_assert_eq!(balances(&ledger), before);
            }
            let gap = balances(&ledger).iter().map(|units| units.abs()).max().unwrap();
            prop_assert!(gap <= (seats(count) - 1) * LEAD_UNITS + i64::try_from(lead).unwrap() * seats(count));
        }
        check_books(&ledger);
    }

    /// The order in which seats are kept decides nothing, unless lots collide.
    #[test]
    fn the_order_of_seats_does_not_matter(weights in prop::collection::vec(0_u32..4, 6), leads in 1_u64..60) {
        let names: Vec<RepId> = (0..6).map(|i| RepId::new(&format!("rep-{i}")).unwrap()).collect();
        let (mut forward, mut backward) = (RotationLedger::default(), RotationLedger::default());
        names.iter().for_each(|name| forward.push(tie_breaker(name)));
        names.iter().rev().for_each(|name| backward.push(tie_breaker(name)));
        let reversed: Vec<u32> = weights.iter().rev().copied().collect();
        for lead in 0..leads {
            let one = turn(&mut forward, &weights, lead);
            let other = turn(&mut backward, &reversed, lead).map(|seat| 5 - seat);
            prop_assert_eq!(one, other);
        }
    }
}
