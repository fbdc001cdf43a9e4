//! Reads what a server writes: only what the rules ask about, and by lines, so that no mistake of a server's is mended
//! on the way (RFC 8866, RFC 8829).

/// A description, as the server wrote it.
pub(crate) struct Description<'a> {
    head: Vec<&'a str>,
    pub(crate) sections: Vec<Section<'a>>,
}

/// One m-line and what stands under it.
pub(crate) struct Section<'a> {
    /// What stands after `m=`.
    media: &'a str,
    lines: Vec<&'a str>,
}

impl<'a> Description<'a> {
    pub(crate) fn read(text: &'a str) -> Description<'a> {
        let mut description = Description {
            head: Vec::new(),
            sections: Vec::new(),
        };
        for line in text.lines() {
            if let Some(media) = line.strip_prefix("m=") {
                description.sections.push(Section {
                    media,
                    lines: Vec::new(),
                });
            } else if let Some(section) = description.sections.last_mut() {
                section.lines.push(line);
            } else {
                description.head.push(line);
            }
        }
        description
    }

    /// The mids of the first BUNDLE group.
    pub(crate) fn bundle(&self) -> Vec<&'a str> {
        let group = values(&self.head, "group").find_map(|group| group.strip_prefix("BUNDLE"));
        group.unwrap_or_default().split_whitespace().collect()
    }

    /// All values of an attribute, of the whole and of every section.
    pub(crate) fn all(&self, name: &str) -> Vec<&'a str> {
        let sections = self.sections.iter().flat_map(|section| &section.lines);
        let lines: Vec<&str> = self.head.iter().chain(sections).copied().collect();
        values(&lines, name).collect()
    }

    /// Candidates that differ, in order.
    pub(crate) fn candidates(&self) -> Vec<Candidate<'a>> {
        let mut seen = Vec::new();
        for text in self.all("candidate") {
            if let Some(candidate) = Candidate::read(text)
                && !seen.contains(&candidate)
            {
                seen.push(candidate);
            }
        }
        seen
    }
}

impl<'a> Section<'a> {
    pub(crate) fn attribute(&self, name: &str) -> Option<&'a str> {
        values(&self.lines, name).next()
    }

    pub(crate) fn attributes(&self, name: &str) -> Vec<&'a str> {
        values(&self.lines, name).collect()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.attribute(name).is_some()
    }

    /// `audio` or `video`.
    pub(crate) fn kind(&self) -> &'a str {
        self.media.split(' ').next().unwrap_or_default()
    }

    /// `sendrecv` is what is meant when nothing is said (RFC 8866 section 6.7).
    pub(crate) fn direction(&self) -> &'static str {
        let known = ["sendrecv", "sendonly", "recvonly", "inactive"];
        known.into_iter().find(|name| self.has(name)).unwrap_or("sendrecv")
    }

    /// Whether it is refused: port zero says so (RFC 3264 section 6), unless the section lives off its bundle
    /// (RFC 9143 section 6).
    pub(crate) fn is_refused(&self) -> bool {
        self.media.split(' ').nth(1) == Some("0") && !self.has("bundle-only")
    }

    /// Names of its codecs, in capitals, in order.
    pub(crate) fn codecs(&self) -> Vec<String> {
        let names = self.attributes("rtpmap").into_iter();
        names
            .filter_map(|map| map.split_once(' ')?.1.split('/').next())
            .map(str::to_ascii_uppercase)
            .collect()
    }
}

/// Values of `a=name:value`, or an empty one for `a=name`.
fn values<'a>(lines: &[&'a str], name: &str) -> impl Iterator<Item = &'a str> {
    lines.iter().filter_map(move |line| {
        let rest = line.strip_prefix("a=")?.strip_prefix(name)?;
        if rest.is_empty() {
            Some("")
        } else {
            rest.strip_prefix(':')
        }
    })
}

/// An address where a server can be reached (RFC 8839 section 5.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Candidate<'a> {
    pub(crate) transport: &'a str,
    pub(crate) host: &'a str,
    pub(crate) port: u16,
}

impl<'a> Candidate<'a> {
    fn read(text: &'a str) -> Option<Candidate<'a>> {
        let mut words = text.split_whitespace().skip(2);
        let transport = words.next()?;
        let mut words = words.skip(1);
        Some(Candidate {
            transport,
            host: words.next()?,
            port: words.next()?.parse().ok()?,
        })
    }

    pub(crate) fn is_udp(&self) -> bool {
        self.transport.eq_ignore_ascii_case("udp")
    }
}

/// The user fragment and the password of a description or fragment (RFC 8839 section 5.4).
pub(crate) fn credentials(text: &str) -> Option<(String, String)> {
    let description = Description::read(text);
    let first = |name| description.all(name).first().map(|value| (*value).to_owned());
    Some((first("ice-ufrag")?, first("ice-pwd")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_writes_is_read_as_it_is() {
        let text = "v=0\r\na=group:BUNDLE 0 1\r\na=ice-lite\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=recvonly\r\n\
            a=ice-ufrag:u\r\na=ice-pwd:p\r\na=candidate:1 1 UDP 2130706431 192.0.2.1 40000 typ host\r\n\
            a=rtpmap:111 opus/48000/2\r\nm=video 0 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\n\
            a=candidate:1 1 UDP 2130706431 192.0.2.1 40000 typ host\r\n";
        let description = Description::read(text);
        assert_eq!(description.bundle(), ["0", "1"]);
        assert_eq!(description.all("ice-lite"), [""]);
        let [audio, video] = &description.sections[..] else {
            panic!("two sections");
        };
        assert_eq!((audio.kind(), audio.direction()), ("audio", "recvonly"));
        assert_eq!(audio.codecs(), ["OPUS"]);
        assert!(video.is_refused() && !audio.is_refused());
        assert_eq!(video.direction(), "sendrecv");
        assert_eq!(description.candidates().len(), 1);
        assert_eq!(description.candidates()[0].host, "192.0.2.1");
        assert_eq!(credentials(text), Some(("u".into(), "p".into())));
        assert!(!audio.has("ice"), "a name is a whole name");
    }
}
