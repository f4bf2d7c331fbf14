//! updateLoanGrantorCreditForUsers and removePermittedUserFromLoanContract: who may borrow.

use pod_platform::{
    files::File,
    loans::{RemovePermittedUserFromLoanContractRequest, UpdateLoanGrantorCreditForUsersRequest},
    types::PlatformErrorKind as Kind,
};

use crate::{
    files::{self, Record},
    fork::FIRST_ID,
    loans::{
        Contract,
        members::{self, Name, Nameless},
        remove_member,
    },
    service::{Context, Handle, Refusal},
};

impl Handle for UpdateLoanGrantorCreditForUsersRequest {
    async fn handle(self, context: &mut Context<'_>) -> Result<File, Refusal> {
        if context.fork.is_some() {
            return accept(context, self.file_id, &self.hash_code).await;
        }
        let contract = Contract::named(context, self.contract_id).await?;
        contract.must_be_granted_by_caller(context)?;
        let file = Record::opened(context.connection, self.file_id, &self.hash_code).await?;
        let file = file.ok_or_else(|| {
            let id = self.file_id;
            Refusal::because(Kind::NotFound, format!("no file {id} with this hash"))
        })?;
        members::update(context, &contract, &file).await
    }
}

/// In a fork: nobody tells who is a member, nor what POD would write into the file that it answers.
async fn accept(context: &mut Context<'_>, id: u64, hash: &str) -> Result<File, Refusal> {
    if Record::opened(context.connection, id, hash).await?.is_none() {
        if id >= FIRST_ID {
            let detail = format!("no file {id} with this hash");
            return Err(Refusal::because(Kind::NotFound, detail));
        }
        context.assumes("file-is-there");
    }
    context.assumes("members-are-accepted");
    files::keep(context, String::new(), Vec::new()).await
}

impl Handle for RemovePermittedUserFromLoanContractRequest {
    async fn handle(self, context: &mut Context<'_>) -> Result<bool, Refusal> {
        if context.assumes("is-a-member") {
            return Ok(true);
        }
        let contract = Contract::named(context, self.contract_id).await?;
        contract.must_be_granted_by_caller(context)?;
        let names: Vec<Name> = [
            self.user_id.map(Name::UserId),
            self.cellphone_number.map(Name::CellphoneNumber),
            self.national_code.map(Name::NationalCode),
            self.username.map(Name::Username),
        ]
        .into_iter()
        .flatten()
        .collect();
        let member = match members::meant(&names, context.parties) {
            Ok(user) => remove_member(context.connection, contract.id, user).await?,
            Err(Nameless::Different) => {
                return Err(Refusal::argument("userId", "the same user as the other names"));
            }
            Err(Nameless::Unknown(_) | Nameless::NoName) => false,
        };
        if member {
            Ok(true)
        } else {
            Err(Refusal::because(Kind::NotFound, "the contract has no such member"))
        }
    }
}
