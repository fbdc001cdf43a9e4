//! What happened to enrolments, as jobs for whoever tells people of it. The jobs belong to the transaction of what happened.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Enrolment;
use crate::db::Tx;
use crate::error::Result;
use crate::jobs::{self, NewJob};

/// The kind of jobs that tell somebody what they have enrolled in: [`NewEnrolment`].
pub const ENROLLED: &str = "enrolled";

/// Somebody has enrolled.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NewEnrolment {
    /// The enrolment, which may be undone again.
    pub enrolment: Uuid,
    /// Who.
    pub user: Uuid,
    /// In what.
    pub session: Uuid,
}

/// A job for an enrolment that is good from now on. [`jobs::Jobs::wake`] after the commit starts it at once.
///
/// # Errors
/// The database's own.
pub(super) async fn enrolled(tx: &mut Tx, enrolment: &Enrolment) -> Result<()> {
    let news = NewEnrolment {
        enrolment: enrolment.id,
        user: enrolment.user_id,
        session: enrolment.session_id,
    };
    let summary = format!("enrolment in {}", enrolment.session_id);
    let job = NewJob::new(ENROLLED, summary, &news).once(format!("enrolled:{}", enrolment.id));
    jobs::enqueue_in(tx, job).await?;
    Ok(())
}
