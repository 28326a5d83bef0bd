//! What a lead itself says, as facts.

use crate::enrichment::provider::Contact;
use crate::facts::{Fact, FactValue, Facts, Field};
use crate::id::ProviderId;
use crate::lead::{Lead, Stated};
use crate::normalize::{function_of, is_form_of_address, region_name, seniority_of};

/// The provider of what the lead itself says.
pub const FORM: &str = "form";

/// Code of the note on a lead whose client posted many within a minute.
pub const MANY_FROM_CLIENT: &str = "many_from_client";

impl Lead {
    /// What the lead itself says, as facts of the provider `form`, learned when the lead arrived.
    ///
    /// Typed company, title and the seniority and function read from the title also stand in for what providers
    /// would say, until one knows better. A typed size stays apart (`lead.employees`), since people round.
    #[must_use]
    pub fn facts(&self) -> Facts {
        let mut facts = Facts::default();
        facts.fields = self.fields.clone();
        facts.signals = self.signals.clone();
        let Ok(provider) = ProviderId::new(FORM) else { return facts };
        // Forms ask for "title" and mean the job or the form of address.
        let title = self.title.as_deref().filter(|title| !is_form_of_address(title));
        let mut set = |field: Field, value: Option<FactValue>| {
            if let Some(value) = value {
                facts.set(field, Fact { value, provider: provider.clone(), at: self.received_at });
            }
        };
        set(Field::LeadEmailKind, Some(FactValue::Text(self.email.kind.as_str().to_owned())));
        set(Field::LeadEmailDomain, text(Some(&self.email.domain)));
        set(Field::LeadSource, lower(&self.source));
        set(Field::LeadForm, text(self.form.as_deref()));
        set(Field::LeadPartner, text(self.partner.as_deref()));
        set(Field::LeadTitle, text(title));
        set(Field::LeadCompany, text(self.company.as_deref()));
        set(Field::LeadMessage, text(self.message.as_deref()));
        set(Field::LeadCountry, normal(&self.country));
        set(Field::LeadRegion, self.region_name().map(FactValue::Text));
        set(Field::LeadPostalCode, normal(&self.postal_code));
        set(Field::LeadLanguage, normal(&self.language));
        set(Field::LeadEmployees, self.employees.as_ref().and_then(|size| size.number).map(FactValue::Number));
        set(Field::LeadUtmSource, lower(&self.utm.source));
        set(Field::LeadUtmMedium, lower(&self.utm.medium));
        set(Field::LeadUtmCampaign, lower(&self.utm.campaign));
        let is_one_of_many = self.notes.iter().any(|note| note.code == MANY_FROM_CLIENT);
        set(Field::LeadManyFromClient, is_one_of_many.then_some(FactValue::Flag(true)));
        set(Field::PersonTitle, text(title));
        set(Field::PersonSeniority, text(title.and_then(seniority_of)));
        set(Field::PersonFunction, text(title.and_then(function_of)));
        set(Field::CompanyDomain, text(self.company_domain()));
        set(Field::CompanyName, text(self.company.as_deref()));
        facts
    }

    /// The region by its English name when it is one of the stated country, otherwise as typed, in lower case.
    fn region_name(&self) -> Option<String> {
        let country = self.country.as_ref().and_then(|country| country.normal.as_deref());
        let typed = self.region.as_deref()?;
        Some(region_name(typed, country).unwrap_or_else(|| typed.to_lowercase()))
    }

    /// What providers may be told about the person.
    #[must_use]
    pub fn contact(&self) -> Contact {
        Contact {
            email: Some(self.email.address.clone()),
            linkedin_url: self.linkedin.as_ref().and_then(|profile| profile.normal.clone()),
            first_name: self.first_name.clone(),
            last_name: self.last_name.clone(),
            name: self.full_name(),
            phone: self.phone.as_ref().and_then(|phone| phone.normal.clone()),
        }
    }
}

fn text(text: Option<&str>) -> Option<FactValue> {
    text.map(|text| FactValue::Text(text.to_owned()))
}

fn lower(text: &Option<String>) -> Option<FactValue> {
    text.as_deref().map(|text| FactValue::Text(text.to_lowercase()))
}

fn normal(stated: &Option<Stated>) -> Option<FactValue> {
    stated.as_ref().and_then(|stated| stated.normal.clone()).map(FactValue::Text)
}
