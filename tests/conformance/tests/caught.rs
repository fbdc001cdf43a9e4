//! Every rule that HTTP alone shows is known to be able to fail: a server that breaks it is caught, by that rule and by
//! no other that has nothing to do with it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod fake;

use fake::{Fake, Fault, OTHER, TOKEN};
use lectern_conformance::{Depth, Kind, Report, Target, Verdict, grade};

/// What a fault breaks at a WHIP endpoint.
const WHIP: &[(Fault, &[&str])] = &[
    (Fault::None, &[]),
    (Fault::GetIsMissing, &["W1"]),
    (Fault::SessionGetHasBody, &["W1"]),
    (Fault::NoCors, &["W7", "W7b"]),
    (Fault::StarForAuthorization, &["W7"]),
    (Fault::NoAcceptPost, &["W7b"]),
    (Fault::CredentialsOnPreflight, &["W7c", "W21"]),
    (Fault::RedirectsSlash, &["W20"]),
    (Fault::OverloadedWithoutRetryAfter, &["W2", "W2b", "W20"]),
    (Fault::TakesAnyType, &["W2", "W2b"]),
    (Fault::CrashesOnGarbage, &["W2", "W2b"]),
    (Fault::TakesNul, &["W2", "W2b"]),
    (Fault::TakesTruncated, &["W2", "W2b"]),
    (Fault::PlainErrors, &["W2b"]),
    (Fault::StrictMediaType, &["W3"]),
    (Fault::NoLocation, &["W3", "W4", "W5", "W19", "W14b", "W23"]),
    (
        Fault::LocationIsEndpoint,
        &["W4", "W6", "W7", "W12", "W22", "W22b", "W24"],
    ),
    (Fault::AnswersSendrecv, &["W5"]),
    (Fault::TakesInactive, &["W5"]),
    (Fault::RefusesSendrecv, &["W5"]),
    (Fault::HalfAnswers, &["W18"]),
    (Fault::UnknownCodecsAreServerErrors, &["W18"]),
    (Fault::RefusesActive, &["W19"]),
    (Fault::AnswersActpass, &["W19"]),
    (Fault::SimulcastOutOfOrder, &["W23"]),
    (Fault::SimulcastWithoutPaused, &["W23"]),
    (Fault::SimulcastWithoutRid, &["W23"]),
    (Fault::NoBundle, &["W17"]),
    (Fault::NoRtcpMuxOnly, &["W17"]),
    (Fault::NamesForAddresses, &["W14"]),
    (Fault::TcpFirst, &["W14"]),
    (Fault::NoCandidates, &["W14"]),
    (Fault::Slow, &["W14b"]),
    (Fault::PatchTakesAnyType, &["W9"]),
    (Fault::PatchCrashesOnGarbage, &["W9"]),
    (Fault::NoEtag, &["W10"]),
    (Fault::WeakEtag, &["W10"]),
    (Fault::SameEtag, &["W10"]),
    (Fault::NoPreconditionRequired, &["W11"]),
    (Fault::IgnoresIfMatch, &["W11", "W16c"]),
    (Fault::TrickleIsOk, &["W13", "W15", "W15b", "W16b", "W11"]),
    (Fault::TrickleHasEtag, &["W13"]),
    (Fault::RefusesStrangeCandidates, &["W15"]),
    (Fault::RefusesStrangeMid, &["W15b"]),
    (Fault::RestartKeepsCredentials, &["W16"]),
    (Fault::RestartKeepsEtag, &["W16", "W16c"]),
    (Fault::RestartRefusesQuotedStar, &["W16"]),
    (Fault::RestartWithoutIceLite, &["W16d"]),
    (Fault::FailedRestartEndsSession, &["W16b"]),
    (Fault::TakesOldTag, &["W16c"]),
    (Fault::DeleteIsNoContent, &["W6"]),
    (Fault::DeleteEndsNothing, &["W6"]),
    (Fault::DeleteHeedsIfMatch, &["W12"]),
    (Fault::CountedAddresses, &["W24"]),
    (Fault::NoChallenge, &["W22"]),
    (Fault::PatchIsOpen, &["W22"]),
    (Fault::DeleteIsOpen, &["W22", "W22b"]),
    (Fault::TakesOtherTokens, &["W22b"]),
    (Fault::UnquotedLinks, &["W21"]),
    (Fault::LinksForStrangers, &["W21"]),
    (Fault::RelayWithoutCredential, &["W21"]),
];

/// What a fault breaks at a WHEP endpoint.
const WHEP: &[(Fault, &[&str])] = &[
    (Fault::None, &[]),
    (Fault::NoHead, &["E1"]),
    (Fault::AnswersSendrecv, &["E2"]),
    (Fault::TakesInactive, &["E2"]),
    (Fault::CounterOfferWithoutLocation, &["E3"]),
    (Fault::CounterOfferReceives, &["E3"]),
    (Fault::TakesBadAnswers, &["E3"]),
    (Fault::AnswerIsOk, &["E3"]),
    (Fault::NotAcceptableForCodecs, &["E4", "W18"]),
    (Fault::ConflictWithoutRetryAfter, &["E5"]),
    (Fault::TwoStreams, &["E6"]),
    (Fault::FirstCodecOnly, &["E9"]),
    (Fault::TakesUnknownEvents, &["E7"]),
    (Fault::EventsAreNoStream, &["E7", "E7b"]),
    (Fault::EventsOutliveDelete, &["E7"]),
    (Fault::NoBareEvents, &["E7b"]),
    (Fault::LayersNeedAName, &["E8"]),
    (Fault::LayersTakeAnything, &["E8"]),
];

async fn graded(kind: Kind, fault: Fault) -> Report {
    let fake = Fake::start(fault).await;
    let url = match kind {
        Kind::Whip => fake.whip,
        Kind::Whep => fake.whep,
    };
    let mut target = Target::new(kind, url);
    target.token = Some(TOKEN.into());
    target.other_token = Some(OTHER.into());
    target.depth = Depth::Http;
    grade(&target).await
}

async fn all_are_caught(kind: Kind, faults: &[(Fault, &[&str])]) {
    let mut wrong = Vec::new();
    for (fault, broken) in faults {
        let report = graded(kind, *fault).await;
        let mut found: Vec<_> = report.with(Verdict::Fail).map(|line| line.id).collect();
        let mut broken = broken.to_vec();
        found.sort_unstable();
        broken.sort_unstable();
        if found != broken {
            wrong.push(format!(
                "{fault:?} should break {broken:?} and breaks {found:?}\n{report}"
            ));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[tokio::test]
async fn every_fault_of_a_whip_server_is_caught() {
    all_are_caught(Kind::Whip, WHIP).await;
}

#[tokio::test]
async fn every_fault_of_a_whep_server_is_caught() {
    all_are_caught(Kind::Whep, WHEP).await;
}

#[tokio::test]
async fn every_rule_of_a_good_server_can_be_told() {
    for kind in [Kind::Whip, Kind::Whep] {
        let report = graded(kind, Fault::None).await;
        let untold: Vec<_> = report.with(Verdict::Unknown).map(|line| line.id).collect();
        assert_eq!(untold, ["W25"], "without a log\n{report}");
        let failable: Vec<_> = [WHIP, WHEP]
            .concat()
            .into_iter()
            .flat_map(|(_, broken)| broken.to_vec())
            .collect();
        for line in report.with(Verdict::Pass) {
            assert!(failable.contains(&line.id), "no fault of the list breaks {}", line.id);
        }
    }
}
