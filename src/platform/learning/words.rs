//! What the story is told with: stages, subjects, plans, alerts and names.

use std::ops::Range;

pub(super) const FREE_USER: &str = "FREE_USER";
pub(super) const PRO_USER: &str = "PRO_USER";

/// Who changes roles when a payment says so.
pub(super) const BILLING_ACCOUNT: &str = "7d0c5c1e-2b6f-4f4e-9c57-0a4a8f5d1b10";

/// The stages, by their numbers, after which content appears.
pub(super) const GENERATION_STAGE: i32 = 5;
pub(super) const VALIDATION_STAGE: i32 = 6;
pub(super) const SYNTHESIS_STAGE: i32 = 7;

/// One stage of a session.
pub(super) struct Stage {
    pub(super) name: &'static str,
    pub(super) minutes: Range<i32>,
    pub(super) tokens: Range<i32>,
    /// What a thousand tokens cost, in hundredths of a cent.
    pub(super) price: u32,
    pub(super) may_go_by_rules: bool,
    pub(super) errors: &'static [&'static str],
}

/// The stages in their order.
pub(super) const STAGES: [Stage; 8] = [
    Stage {
        name: "RESEARCH",
        minutes: 5..13,
        tokens: 9_000..26_000,
        price: 300,
        may_go_by_rules: false,
        errors: &["the search service did not answer within 30 seconds", "fewer than three usable sources were found"],
    },
    Stage {
        name: "VERIFICATION",
        minutes: 3..8,
        tokens: 6_000..14_000,
        price: 250,
        may_go_by_rules: false,
        errors: &["two sources contradict each other on a central claim", "a cited page is no longer there"],
    },
    Stage {
        name: "DECOMPOSITION",
        minutes: 2..5,
        tokens: 2_500..7_000,
        price: 300,
        may_go_by_rules: false,
        errors: &["the subject could not be split into fewer than 40 parts"],
    },
    Stage {
        name: "STRUCTURING",
        minutes: 2..6,
        tokens: 3_000..8_000,
        price: 300,
        may_go_by_rules: false,
        errors: &["the outline refers to a part that does not exist", "the prerequisites form a circle"],
    },
    Stage {
        name: "CONTENT_GENERATION",
        minutes: 8..18,
        tokens: 18_000..52_000,
        price: 450,
        may_go_by_rules: false,
        errors: &["the model stopped in the middle of a sentence", "the text is longer than the plan allows"],
    },
    Stage {
        name: "VALIDATION",
        minutes: 3..7,
        tokens: 5_000..12_000,
        price: 250,
        may_go_by_rules: true,
        errors: &["four of ten sample questions cannot be answered from the text"],
    },
    Stage {
        name: "SYNTHESIS",
        minutes: 3..8,
        tokens: 7_000..16_000,
        price: 450,
        may_go_by_rules: false,
        errors: &[
            "the summary leaves out the second half of the lesson",
            "the model's quota is used up for this minute",
        ],
    },
    Stage {
        name: "LEARNING_EXPERIENCE",
        minutes: 2..6,
        tokens: 3_000..9_000,
        price: 300,
        may_go_by_rules: false,
        errors: &["the quiz could not be rendered: a picture is missing"],
    },
];

/// Something to learn, and the titles of its lesson, exercise and summary.
pub(super) struct Subject {
    pub(super) topic: &'static str,
    pub(super) pieces: [&'static str; 3],
}

pub(super) const SUBJECTS: [Subject; 12] = [
    Subject {
        topic: "How vaccines train the immune system",
        pieces: ["Memory cells: the body's notebook", "Which cell does what?", "Vaccines on one page"],
    },
    Subject {
        topic: "Reading a balance sheet",
        pieces: ["Assets, liabilities and what is left", "Find the hidden loss", "Seven lines that tell the story"],
    },
    Subject {
        topic: "Probability for card players",
        pieces: [
            "Counting hands without counting on fingers",
            "Twenty hands, twenty odds",
            "The odds worth knowing by heart",
        ],
    },
    Subject {
        topic: "Why bridges do not fall",
        pieces: ["Tension, compression and a sheet of paper", "Break this truss", "Loads and how they travel"],
    },
    Subject {
        topic: "Spanish for a week in Oaxaca",
        pieces: ["Ordering, asking, thanking", "At the market: a dialogue", "Forty phrases for seven days"],
    },
    Subject {
        topic: "How a compiler thinks",
        pieces: ["From text to tree to code", "Write a parser for sums", "The five passes at a glance"],
    },
    Subject {
        topic: "Climate zones and the winds between them",
        pieces: ["Why deserts sit where they sit", "Name that zone", "Three cells, six winds"],
    },
    Subject {
        topic: "Photography in poor light",
        pieces: ["Aperture, time and noise", "Ten shots before dawn", "A checklist for the dark"],
    },
    Subject {
        topic: "The causes of the First World War",
        pieces: ["Alliances, armies and a summer of telegrams", "Who could have stopped it?", "July 1914, day by day"],
    },
    Subject {
        topic: "Sourdough from first principles",
        pieces: ["Yeast, bacteria and time", "Diagnose a flat loaf", "One recipe, explained"],
    },
    Subject {
        topic: "SQL joins without tears",
        pieces: ["Rows that meet and rows that do not", "Six joins on two small tables", "Joins in pictures"],
    },
    Subject {
        topic: "Music theory for guitarists",
        pieces: ["Intervals along one string", "Harmonise this melody", "The circle of fifths on a fretboard"],
    },
];

/// What changed in a piece, where anybody wrote it down.
pub(super) const REVISIONS: [Option<&str>; 5] = [
    Some("two examples added"),
    Some("a date corrected"),
    Some("shorter introduction"),
    Some("sources linked beside each claim"),
    None,
];

pub(super) const LANGUAGES: [&str; 5] = ["en", "de", "es", "fr", "pt-BR"];

/// A plan that can be subscribed to.
pub(super) struct Plan {
    pub(super) name: &'static str,
    pub(super) features: &'static [&'static str],
}

pub(super) const PLANS: [Plan; 2] = [
    Plan { name: "PRO_MONTHLY", features: &["unlimited-sessions", "export"] },
    Plan { name: "PRO_YEARLY", features: &["unlimited-sessions", "export", "priority-agents"] },
];

pub(super) const CANCEL_REASONS: [Option<&str>; 4] =
    [Some("finished the course I came for"), Some("too expensive"), Some("taking a break"), None];

/// Something that can go wrong with the platform.
pub(super) struct Alert {
    pub(super) kind: &'static str,
    pub(super) severity: &'static str,
    pub(super) message: &'static str,
    pub(super) services: &'static [&'static str],
}

pub(super) const ALERTS: [Alert; 6] = [
    Alert {
        kind: "HIGH_LATENCY",
        severity: "medium",
        message: "Content takes longer to appear than usual.",
        services: &["content-service"],
    },
    Alert {
        kind: "QUOTA_NEARLY_USED",
        severity: "low",
        message: "Four fifths of today's model quota are used.",
        services: &["agent-service"],
    },
    Alert {
        kind: "ERROR_RATE",
        severity: "high",
        message: "One in ten stages fails at the first attempt.",
        services: &["agent-service", "session-service"],
    },
    Alert {
        kind: "PAYMENT_PROVIDER_DOWN",
        severity: "critical",
        message: "The payment provider does not answer: new subscriptions wait.",
        services: &["payment-service"],
    },
    Alert {
        kind: "DISK_SPACE",
        severity: "warning",
        message: "The content store is 85 percent full.",
        services: &["content-service"],
    },
    Alert {
        kind: "RECOVERED",
        severity: "INFO",
        message: "Response times are back to normal.",
        services: &["content-service", "session-service"],
    },
];

/// Work on the platform.
pub(super) struct Maintenance {
    pub(super) kind: &'static str,
    pub(super) minutes: i32,
    pub(super) services: &'static [&'static str],
}

pub(super) const MAINTENANCE: [Maintenance; 3] = [
    Maintenance { kind: "DATABASE_UPGRADE", minutes: 20, services: &["user-service", "session-service"] },
    Maintenance { kind: "SEARCH_INDEX_REBUILD", minutes: 45, services: &["agent-service"] },
    Maintenance { kind: "CERTIFICATE_RENEWAL", minutes: 5, services: &["payment-service"] },
];

pub(super) const FIRST_NAMES: [&str; 8] = ["Amara", "Jonas", "Lucia", "Kenji", "Noor", "Piotr", "Sofia", "Tariq"];
pub(super) const LAST_NAMES: [&str; 8] =
    ["Almeida", "Berger", "Costa", "Dlamini", "Eriksen", "Fontaine", "Haddad", "Ivanova"];

/// A list of texts of its own.
pub(super) fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}
