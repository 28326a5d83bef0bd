//! From the body of a form to a checked lead: with names of the contract, with aliases, and with names that have to be taken
//! apart or understood as questions.

use criterion::{Criterion, criterion_group, criterion_main};
use lead_router_core::intake::{FieldMap, read};
use lead_router_core::time::Timestamp;
use std::hint::black_box;

const FORM: Option<&str> = Some("application/x-www-form-urlencoded");

/// Bodies of eight fields each.
const BODIES: [(&str, &str); 4] = [
    (
        "contract",
        "email=ada%40example.com&first_name=Ada&last_name=Lopez&company=Acme&title=CTO&phone=%2B14155550100&country=DE&message=Hi",
    ),
    (
        "aliases",
        "E-Mail=ada%40example.com&Vorname=Ada&Nachname=Lopez&Firma=Acme&Position=CTO&Telefon=%2B14155550100&Land=DE&Nachricht=Hi",
    ),
    (
        "decorated",
        "q4_email4=ada%40example.com&q3_firstName=Ada&q5_lastName5=Lopez&q6_companyName6=Acme&q7_jobTitle=CTO\
         &q8_phoneNumber=%2B14155550100&q9_country9=DE&q10_yourMessage=Hi",
    ),
    (
        "questions",
        "What+is+your+best+email%3F=ada%40example.com&Your+first+name%3F=Ada&And+your+surname%3F=Lopez\
         &Which+company+do+you+work+for%3F=Acme&What+is+your+current+role%3F=CTO&Which+phone+can+we+call%3F=%2B14155550100\
         &In+which+country+are+you+based%3F=DE&Tell+us+more+about+your+project=Hi",
    ),
];

fn forms(criterion: &mut Criterion) {
    let map = FieldMap::default();
    for (name, body) in BODIES {
        criterion.bench_function(&format!("intake/{name}"), |bencher| {
            bencher.iter(|| read(FORM, black_box(body.as_bytes()), &map, Timestamp::from_ms(0)));
        });
    }
}

criterion_group!(benches, forms);
criterion_main!(benches);
