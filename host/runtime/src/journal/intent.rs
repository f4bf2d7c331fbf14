//! What an intent says of its call, read back into the catalogue's terms.

use pod_platform::{
    Before, Effect, Evidence, Row, Service, ServiceVisitor, visit_services, wire::form::Form,
};

use super::Intent;

impl Intent {
    /// The fields that were sent.
    pub(crate) fn form(&self) -> Form {
        let mut form = Form::default();
        for (name, value) in form_urlencoded::parse(self.arguments.as_bytes()) {
            form.push(name.into_owned(), value);
        }
        form
    }

    /// How its effect shows. None: it is not a call of POD's.
    pub(crate) fn evidence(&self) -> Option<Evidence> {
        match row(&self.service)?.effect {
            Effect::Mutation { evidence, .. } => Some(evidence),
            Effect::Read => None,
        }
    }

    /// What the call is about, by name.
    pub(crate) fn objects(&self) -> Vec<String> {
        self.evidence().map(|evidence| evidence.objects(&self.form())).unwrap_or_default()
    }

    /// What was so before the call, if it was read.
    pub(crate) fn state_before(&self) -> Option<Before> {
        self.before.as_deref().and_then(|before| serde_json::from_str(before).ok())
    }
}

/// The catalogue's row of a service.
fn row(name: &str) -> Option<&'static Row> {
    struct Find<'a>(&'a str, Option<&'static Row>);

    impl ServiceVisitor for Find<'_> {
        fn visit<S: Service>(&mut self) {
            if S::ROW.name == self.0 {
                self.1 = Some(S::ROW);
            }
        }
    }

    let mut find = Find(name, None);
    visit_services(&mut find);
    find.1
}
