//! `podhost unpause`

use crate::{
    arguments,
    exit::{Failure, Status},
    host::open_host,
    store,
};

pub async fn unpause(arguments: arguments::Unpause) -> Result<Status, Failure> {
    let host = open_host(&arguments.folders, None).await?;
    let run = store::find(host.journal(), &arguments.run).await?;
    host.unpause(&run.run).await?;
    println!("the policy `{}` goes on for the account `{}`", run.policy, run.account);
    Ok(Status::Done)
}
