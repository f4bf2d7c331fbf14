//! `podhost unpause`

use crate::{
    arguments,
    exit::{Failure, Status},
    host::open_host,
    say, store,
    terminal::foreign,
};

pub async fn unpause(arguments: arguments::Unpause) -> Result<Status, Failure> {
    let host = open_host(&arguments.folders, None).await?;
    let run = store::find(host.journal(), &arguments.run).await?;
    host.unpause(&run.run).await?;
    let (policy, account) = (foreign(&run.policy), foreign(&run.account));
    say!("the policy `{policy}` goes on for the account `{account}`");
    Ok(Status::Done)
}
