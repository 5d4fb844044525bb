//! The three versions of the protocol, and what differs on the wire.

/// A version of STOMP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// STOMP 1.0: no escapes, ids optional.
    V10,
    /// STOMP 1.1: escapes but for carriage return, lines end in LF alone.
    V11,
    /// STOMP 1.2: lines may end in CR LF.
    V12,
}

impl Version {
    /// Every version, the highest first.
    pub const ALL: [Self; 3] = [Self::V12, Self::V11, Self::V10];

    /// As in `accept-version` and `version`.
    pub const fn text(self) -> &'static str {
        match self {
            Self::V10 => "1.0",
            Self::V11 => "1.1",
            Self::V12 => "1.2",
        }
    }

    /// The WebSocket subprotocol of this version.
    pub const fn subprotocol(self) -> &'static str {
        match self {
            Self::V10 => "v10.stomp",
            Self::V11 => "v11.stomp",
            Self::V12 => "v12.stomp",
        }
    }

    /// A small number of its own, for tables by version.
    pub const fn index(self) -> usize {
        match self {
            Self::V10 => 0,
            Self::V11 => 1,
            Self::V12 => 2,
        }
    }

    /// The highest version that is both in an `accept-version` list and allowed. A client that names none speaks 1.0
    /// (STOMP 1.2, "Protocol Negotiation").
    pub fn negotiate(accept_version: Option<&str>, allowed: &[Self]) -> Option<Self> {
        let Some(list) = accept_version else { return allowed.contains(&Self::V10).then_some(Self::V10) };
        Self::ALL
            .into_iter()
            .find(|version| allowed.contains(version) && list.split(',').any(|text| text.trim() == version.text()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_common_version_counts() {
        let all = Version::ALL;
        assert_eq!(Version::negotiate(Some("1.0,1.1,1.2"), &all), Some(Version::V12));
        assert_eq!(Version::negotiate(Some("1.2,1.1,1.0"), &all), Some(Version::V12));
        assert_eq!(Version::negotiate(Some("1.0,1.1,2.0"), &all), Some(Version::V11));
        assert_eq!(Version::negotiate(Some("2.1"), &all), None);
        assert_eq!(Version::negotiate(None, &all), Some(Version::V10));
        assert_eq!(Version::negotiate(Some("1.2,1.1"), &[Version::V11]), Some(Version::V11));
    }
}
