//! The rules of WHIP and WHEP, tried on our own server from outside: none may be broken.

use lectern_conformance::{Kind, Report, Target, Verdict, grade};

use crate::end_to_end_server::Running;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_whip_keeps_the_rules() {
    let server = Running::new().await;
    let class = server.plan().await;
    let other = server.plan().await;
    let mut target = Target::new(Kind::Whip, class.whip);
    target.token = Some(class.key);
    target.other_token = Some(other.key);
    let report = grade(&target).await;
    is_clean(&report);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_whep_keeps_the_rules() {
    let server = Running::new().await;
    let class = server.plan().await;
    let mut target = Target::new(Kind::Whep, class.whep);
    target.publish = Some((class.whip, Some(class.key)));
    let report = grade(&target).await;
    is_clean(&report);
    server.stop().await;
}

fn is_clean(report: &Report) {
    assert!(report.is_clean(), "\n{report}");
    let untold: Vec<_> = report.with(Verdict::Unknown).map(|line| line.id).collect();
    println!("{report}\n{untold:?}");
}
