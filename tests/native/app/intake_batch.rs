//! Rows of batches: each is one lead, under the id that its sender was told.

use crate::world::{Fault, LIVE, World, run};
use lead_router_app::intake::batch::take;
use lead_router_app::intake::{IntakeAnswer, id_of, intake};
use lead_router_core::id::LeadId;
use lead_router_core::intake;
use lead_router_core::intake::FieldMap;
use lead_router_core::lead::Lead;
use serde_json::json;

fn lead(world: &World, email: &str, title: &str) -> Lead {
    let body = json!({"email": email, "title": title, "submission_id": "n-1"}).to_string();
    intake::read(Some("application/json"), body.as_bytes(), &FieldMap::default(), world.now.get()).unwrap()
}

fn told(lead: &Lead) -> LeadId {
    id_of(lead, "n-1", LIVE.person_key).unwrap()
}

/// Takes a row in; what it became, `None` for a repeat.
fn row(world: &World, lead: &Lead) -> Option<LeadId> {
    let done = run(take(world, lead.clone(), "n-1", world.now.get(), LIVE)).unwrap()?;
    match done.answer {
        IntakeAnswer::Decided { decision, .. } => Some(decision.lead_id),
        other => panic!("{other:?}"),
    }
}

fn ids(world: &World) -> Vec<LeadId> {
    world.leads().into_iter().map(|row| row.lead_id).collect()
}

#[test]
fn a_row_with_the_key_of_another_persons_lead_has_the_id_that_its_sender_was_told() {
    let world = World::sample();
    let (ann, bea) = (lead(&world, "ann@fjordwerk.example", "CTO"), lead(&world, "bea@fjordwerk.example", "CTO"));
    let first = run(intake(&world, ann.clone(), Some("n-1"), world.now.get(), LIVE)).unwrap();
    assert!(matches!(first.answer, IntakeAnswer::Decided { .. }));
    assert_eq!(row(&world, &ann), None, "the same lead, whichever way it came");
    assert_ne!(told(&ann), told(&bea));
    assert_eq!(row(&world, &bea), Some(told(&bea)));
    assert_eq!(row(&world, &bea), None);
    let mut expected = [told(&ann), told(&bea)];
    expected.sort();
    assert_eq!(ids(&world), expected);
}

#[test]
fn a_row_of_the_same_person_with_other_content_is_the_lead_that_is_there() {
    let world = World::sample();
    let first = lead(&world, "ann@fjordwerk.example", "CTO");
    assert_eq!(row(&world, &first), Some(told(&first)));
    let edited = lead(&world, "ann@fjordwerk.example", "Chief Technology Officer");
    assert_eq!(told(&edited), told(&first));
    assert_eq!(row(&world, &edited), None);
    assert_eq!(ids(&world), [told(&first)]);
}

/// The queue delivers a message again when any call of it was lost, before or after it took effect.
#[test]
fn a_lost_call_ends_with_one_lead_under_its_id() {
    let start = || {
        let world = World::sample();
        let ann = lead(&world, "ann@other.example", "CTO");
        run(intake(&world, ann, Some("n-1"), world.now.get(), LIVE)).unwrap();
        world.calls.set(0);
        world
    };
    let calls = {
        let world = start();
        row(&world, &lead(&world, "bea@fjordwerk.example", "CTO"));
        world.calls.get()
    };
    assert!(calls >= 3, "{calls} calls");
    for place in 0..calls {
        for fault in [Fault::Before, Fault::After] {
            let world = start();
            let bea = lead(&world, "bea@fjordwerk.example", "CTO");
            world.fault.set(Some((place, fault)));
            let _ = run(take(&world, bea.clone(), "n-1", world.now.get(), LIVE));
            world.fault.set(None);
            let again = run(take(&world, bea.clone(), "n-1", world.now.get(), LIVE)).unwrap();
            assert!(again.is_none_or(|done| done.answer != IntakeAnswer::Conflict), "call {place} lost {fault:?}");
            let found: Vec<LeadId> = ids(&world).into_iter().filter(|id| *id == told(&bea)).collect();
            assert_eq!((found.len(), world.leads().len()), (1, 2), "call {place} lost {fault:?}");
        }
    }
}
