//! The fake server's answers, counter-offers and fragments: as much SDP as the rules look at.

use super::{Answer, Fault, Server, Session, reply};
use axum::body::Bytes;
use axum::http::HeaderMap;

const CANDIDATES: &str = "a=candidate:1 1 udp 2130706431 192.0.2.1 9000 typ host\r\n\
    a=candidate:2 1 udp 2130706175 2001:db8::1 9000 typ host\r\n\
    a=candidate:3 1 tcp 1518280447 192.0.2.1 9000 typ host tcptype passive\r\n";

impl Server {
    fn candidates(&self) -> String {
        match self.fault {
            Fault::NoCandidates => String::new(),
            Fault::NamesForAddresses => CANDIDATES.replace("192.0.2.1", "media.example"),
            Fault::TcpFirst => {
                let mut lines: Vec<_> = CANDIDATES.split_inclusive('\n').collect();
                lines.reverse();
                lines.concat()
            }
            _ => CANDIDATES.to_owned(),
        }
    }

    /// The answer with `UFRAG` and `PWD` where the session's own go, or the status of the refusal.
    pub(super) fn negotiate(&self, is_viewer: bool, offer: &str) -> Result<String, u16> {
        if offer.len() > 65_536 {
            return Err(413);
        }
        if offer.contains('\0') && !self.is(Fault::TakesNul) {
            return Err(400);
        }
        let sections: Vec<&str> = offer.split("\r\nm=").skip(1).collect();
        if !offer.starts_with("v=0") || sections.is_empty() {
            return Err(400);
        }
        let is_cut = |section: &&str| section.lines().next().unwrap_or_default().split(' ').count() < 4;
        if sections.iter().any(is_cut) && !self.is(Fault::TakesTruncated) {
            return Err(400);
        }
        let backwards = if is_viewer { "a=sendonly" } else { "a=recvonly" };
        let is_inactive = offer.contains("a=inactive") && !self.is(Fault::TakesInactive);
        let is_both = offer.contains("a=sendrecv") && self.is(Fault::RefusesSendrecv);
        if offer.contains(backwards) || is_inactive || is_both {
            return Err(422);
        }
        if offer.contains("a=setup:active") && self.is(Fault::RefusesActive) {
            return Err(422);
        }
        self.check_tracks(&sections)?;
        let bundle: Vec<_> = sections.iter().filter_map(|section| value(section, "mid")).collect();
        let bundle = bundle.join(" ");
        let group = if self.is(Fault::NoBundle) {
            String::new()
        } else {
            format!("a=group:BUNDLE {bundle}\r\n")
        };
        let mut answer = format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n{group}a=ice-lite\r\na=ice-options:trickle ice2\r\n"
        );
        for (number, section) in sections.iter().enumerate() {
            answer += &self.answer_section(is_viewer, number, section);
        }
        Ok(answer)
    }

    fn check_tracks(&self, sections: &[&str]) -> Result<(), u16> {
        if self.is(Fault::HalfAnswers) {
            return Ok(());
        }
        let videos = sections.iter().filter(|section| section.starts_with("video")).count();
        let is_unknown = sections.iter().any(|section| section.contains("X-NONE"));
        if is_unknown && self.is(Fault::UnknownCodecsAreServerErrors) {
            return Err(500);
        }
        if is_unknown && self.is(Fault::NotAcceptableForCodecs) {
            return Err(406);
        }
        if videos > 1 || is_unknown { Err(422) } else { Ok(()) }
    }

    fn answer_section(&self, is_viewer: bool, number: usize, section: &str) -> String {
        let media = section.lines().next().unwrap_or_default();
        let is_refused = self.is(Fault::HalfAnswers) && (number > 1 || section.contains("X-NONE"));
        let media = if is_refused {
            media.replacen(" 9 ", " 0 ", 1)
        } else {
            media.to_owned()
        };
        let direction = match (self.fault, is_viewer) {
            (Fault::AnswersSendrecv, _) => "sendrecv",
            (_, true) => "sendonly",
            (_, false) => "recvonly",
        };
        let mid = value(section, "mid").unwrap_or_default();
        let setup = if self.is(Fault::AnswersActpass) {
            "actpass"
        } else {
            "passive"
        };
        let mut text = format!("m={media}\r\nc=IN IP4 0.0.0.0\r\na=mid:{mid}\r\na={direction}\r\na=setup:{setup}\r\n");
        text += "a=ice-ufrag:UFRAG\r\na=ice-pwd:PWD\r\na=rtcp-mux\r\n";
        if !self.is(Fault::NoRtcpMuxOnly) {
            text += "a=rtcp-mux-only\r\n";
        }
        if number == 0 {
            text += &self.candidates();
        }
        if is_viewer {
            let stream = if self.is(Fault::TwoStreams) { number } else { 0 };
            text += &format!("a=msid:stream{stream} track{number}\r\n");
        }
        let codecs = section.lines().filter(|line| line.starts_with("a=rtpmap:"));
        let most = if self.is(Fault::FirstCodecOnly) { 1 } else { usize::MAX };
        for codec in codecs.take(most) {
            text += &format!("{codec}\r\n");
        }
        if section.contains("a=simulcast:") {
            text += match self.fault {
                Fault::SimulcastOutOfOrder => {
                    "a=rid:q recv\r\na=rid:h recv\r\na=rid:f recv\r\na=simulcast:recv f;q;h\r\n"
                }
                Fault::SimulcastWithoutPaused => "a=rid:q recv\r\na=rid:h recv\r\na=simulcast:recv q;h\r\n",
                Fault::SimulcastWithoutRid => "a=rid:q recv\r\na=simulcast:recv q;h;~f\r\n",
                _ => "a=rid:q recv\r\na=rid:h recv\r\na=rid:f recv\r\na=simulcast:recv q;h;~f\r\n",
            };
        }
        text
    }

    pub(super) fn counter_offer(&self) -> Answer {
        let (id, session) = self.open(true);
        let direction = if self.is(Fault::CounterOfferReceives) {
            "recvonly"
        } else {
            "sendonly"
        };
        let offer = format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n\
             c=IN IP4 0.0.0.0\r\na=mid:0\r\na={direction}\r\na=setup:actpass\r\na=ice-ufrag:{}\r\na=ice-pwd:{}\r\n\
             a=rtpmap:96 VP8/90000\r\n{CANDIDATES}",
            session.ufrag, session.pwd
        );
        let location = format!("/s/{id}");
        let mut headers = vec![("content-type", "application/sdp"), ("location", location.as_str())];
        if self.is(Fault::CounterOfferWithoutLocation) {
            headers.pop();
        }
        reply(406, &headers, offer)
    }

    pub(super) fn patch(&self, id: &str, mut session: Session, headers: &HeaderMap, body: &Bytes) -> Answer {
        let text = String::from_utf8_lossy(body);
        if session.has_offered && self.is_type(headers, "application/sdp", Fault::None) {
            let is_answer = text.starts_with("v=0") || self.is(Fault::TakesBadAnswers);
            return match (is_answer, self.fault) {
                (false, _) => self.problem(400),
                (true, Fault::AnswerIsOk) => reply(200, &[], ""),
                (true, _) => reply(204, &[], ""),
            };
        }
        if !self.is_type(headers, "application/trickle-ice-sdpfrag", Fault::PatchTakesAnyType) {
            return self.problem(415);
        }
        let is_fragment = text.contains("a=ice-ufrag:") || text.contains("a=candidate:1");
        if !is_fragment && !self.is(Fault::PatchTakesAnyType) {
            return self.problem(if self.is(Fault::PatchCrashesOnGarbage) {
                500
            } else {
                400
            });
        }
        let is_half = text.contains("a=ice-ufrag:") && !text.contains("a=ice-pwd:");
        if is_half {
            if self.is(Fault::FailedRestartEndsSession) {
                self.sessions.lock().unwrap().open.remove(id);
            }
            return self.problem(400);
        }
        // Clients' own words for a restart start so; a candidate that comes later has no options.
        let is_restart = text.starts_with("a=ice-options");
        let tag = headers.get("if-match").and_then(|tag| tag.to_str().ok());
        match tag {
            None if is_restart && !self.is(Fault::NoPreconditionRequired) => return self.problem(428),
            Some("\"*\"") if self.is(Fault::RestartRefusesQuotedStar) => return self.problem(412),
            None | Some("*" | "\"*\"") => {}
            Some(tag) if tag.trim_start_matches("W/").trim_matches('"') == session.etag => {}
            Some(tag) if self.is(Fault::TakesOldTag) && tag.len() > 20 => {}
            Some(_) if self.is(Fault::IgnoresIfMatch) => {}
            Some(_) => return self.problem(412),
        }
        if is_restart {
            return self.restart(id, &mut session);
        }
        let is_strange = [" sctp ", ".local ", ".invalid "]
            .iter()
            .any(|word| text.contains(word));
        let is_odd_mid = !text.contains("a=mid:0") && self.is(Fault::RefusesStrangeMid);
        match self.fault {
            Fault::RefusesStrangeCandidates if is_strange => self.problem(400),
            _ if is_odd_mid => self.problem(400),
            Fault::TrickleIsOk => reply(200, &[], "ok"),
            Fault::TrickleHasEtag => reply(204, &[("etag", "\"x\"")], ""),
            _ => reply(204, &[], ""),
        }
    }

    fn restart(&self, id: &str, session: &mut Session) -> Answer {
        if !self.is(Fault::RestartKeepsEtag) {
            session.etag += "r";
        }
        if !self.is(Fault::RestartKeepsCredentials) {
            session.ufrag += "r";
            session.pwd += "r";
        }
        let stored = session.clone();
        self.sessions.lock().unwrap().open.insert(id.to_owned(), stored);
        let lite = if self.is(Fault::RestartWithoutIceLite) {
            ""
        } else {
            "a=ice-lite\r\n"
        };
        let fragment = format!(
            "{lite}a=ice-options:trickle ice2\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n\
             a=ice-ufrag:{}\r\na=ice-pwd:{}\r\n{CANDIDATES}",
            session.ufrag, session.pwd
        );
        let etag = format!("\"{}\"", session.etag);
        let headers = [
            ("content-type", "application/trickle-ice-sdpfrag"),
            ("etag", etag.as_str()),
        ];
        reply(200, &headers, fragment)
    }
}

fn value<'a>(section: &'a str, name: &str) -> Option<&'a str> {
    section
        .lines()
        .find_map(|line| line.strip_prefix("a=")?.strip_prefix(name)?.strip_prefix(':'))
}
