//! What a grant is bound to: `[policy.NAME] digest`. A grant names a policy by its name, and whoever
//! can change the policy's files can give another one that name; the digest covers all of the files
//! that decide what it does. `require-digest` refuses a policy whose grant is bound to nothing.

use pod_host::{Digest, PolicyFiles};

use crate::{
    error::FieldError,
    fields::{Field, Fields, Spot},
};

const ALGORITHM: &str = "sha256:";

/// What a policy's digest is, as podhost.toml has it: `sha256:` and 64 hexadecimal digits.
#[must_use]
pub fn digest_value(digest: Digest) -> String {
    format!("{ALGORITHM}{digest}")
}

/// The line that binds a grant to a policy, for its `[policy.NAME]`.
#[must_use]
pub fn digest_line(digest: Digest) -> String {
    format!("digest = \"{}\"", digest_value(digest))
}

/// What one grant is bound to.
#[derive(Debug)]
pub struct Bound {
    /// The policies that it is for, and where that stands; none: whichever has the name.
    digests: Option<(Vec<Digest>, Spot)>,
    /// Must it be bound? None: as the whole file says.
    required: Option<bool>,
}

/// Is a grant bound to the policy that is to run?
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Binding {
    /// To this one.
    Bound,
    /// It is for whichever policy has the name.
    Unbound,
    /// There is no grant but what the policy asks for: whoever runs it is its operator.
    NoOperator,
}

impl Bound {
    pub fn of(fields: &mut Fields<'_>) -> Result<Self, FieldError> {
        let digests = match fields.take("digest") {
            None => None,
            Some(field) => {
                let digests = match field.is_text() {
                    true => vec![digest(&field)?],
                    false => field.list()?.iter().map(digest).collect::<Result<_, _>>()?,
                };
                Some((digests, field.spot))
            }
        };
        let required = fields.take("require-digest").as_ref().map(Field::flag).transpose()?;
        Ok(Self { digests, required })
    }

    /// Is the grant, which stands at `spot`, for the policy with this digest?
    pub fn check(
        &self,
        policy: &PolicyFiles,
        found: Digest,
        spot: &Spot,
        required: bool,
    ) -> Result<Binding, FieldError> {
        let name = &policy.name;
        match &self.digests {
            Some((digests, _)) if digests.contains(&found) => Ok(Binding::Bound),
            Some((digests, spot)) => {
                let known: Vec<String> = digests.iter().map(|known| digest_value(*known)).collect();
                let known = if known.is_empty() { "none".to_owned() } else { known.join(" or ") };
                Err(spot.wrong(format!(
                    "the grant is for the policy {known}, and what is called `{name}` now is {}: \
                     nothing is run; if you know what changed, and mean this one, write {}",
                    digest_value(found),
                    digest_line(found)
                )))
            }
            None if self.required.unwrap_or(required) => Err(spot.wrong(format!(
                "the grant of `{name}` is bound to no policy, and `require-digest` wants it to be: \
                 nothing is run; if you mean the one that is called so now, write {}",
                digest_line(found)
            ))),
            None => Ok(Binding::Unbound),
        }
    }
}

fn digest(field: &Field<'_>) -> Result<Digest, FieldError> {
    let digest = field.text()?.strip_prefix(ALGORITHM).and_then(|digits| digits.parse().ok());
    digest.ok_or_else(|| {
        field.spot.wrong(format!(
            "must be \"{ALGORITHM}\" and 64 hexadecimal digits, as `podhost check` prints it"
        ))
    })
}
