//! Events of the learning platform, as its publisher writes them.

use uuid::Uuid;

/// Each type, its topic's name in the catalogue aside: whether it goes to the user's session, and its own members.
const TYPES: [(&str, Destination, &str); 15] = [
    (
        "user.registered.v1",
        Destination::User,
        r#""email":"a@example.com","firstName":"A","lastName":"B","role":"FREE_USER""#,
    ),
    ("user.updated.v1", Destination::User, r#""changes":{"lastName":"C"}"#),
    ("user.role-changed.v1", Destination::User, r#""oldRole":"FREE_USER","newRole":"PRO_USER","changedBy":"7c0e""#),
    ("session.started.v1", Destination::Session, r#""topic":"Graph theory","estimatedDurationMinutes":45"#),
    (
        "session.completed.v1",
        Destination::Session,
        r#""actualDurationMinutes":50,"qualityScore":0.93,"totalCostUsd":4.5"#,
    ),
    ("session.failed.v1", Destination::Session, r#""errorMessage":"no budget","failedAtStage":"RESEARCH""#),
    ("agent.started.v1", Destination::Session, r#""executionId":"5af0","agentType":"RESEARCH","stageNumber":1"#),
    (
        "agent.completed.v1",
        Destination::Session,
        r#""executionId":"5af0","agentType":"RESEARCH","stageNumber":1,"durationMinutes":12,"tokensUsed":null,"costUsd":2.75"#,
    ),
    (
        "agent.failed.v1",
        Destination::Session,
        r#""executionId":"5af0","agentType":"RESEARCH","stageNumber":1,"errorMessage":"timed out""#,
    ),
    (
        "content.generated.v1",
        Destination::Session,
        r#""contentId":"c0de","contentType":"LESSON","title":"Trees","wordCount":1200,"qualityScore":null"#,
    ),
    ("content.updated.v1", Destination::User, r#""contentId":"c0de","newVersion":2,"changes":null"#),
    (
        "payment.subscription-activated.v1",
        Destination::User,
        r#""subscriptionId":"50b5","planType":"PRO","features":["agents","export"]"#,
    ),
    ("payment.subscription-cancelled.v1", Destination::User, r#""subscriptionId":"50b5","reason":null"#),
    (
        "system.maintenance-started.v1",
        Destination::System,
        r#""maintenanceType":"DATABASE","estimatedDurationMinutes":30,"affectedServices":["search"]"#,
    ),
    (
        "system.alert-triggered.v1",
        Destination::System,
        r#""alertType":"LATENCY","severity":"high","message":"slow","affectedServices":["search"]"#,
    ),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Destination {
    User,
    Session,
    System,
}

/// The fifteen names.
pub fn learning_types() -> impl Iterator<Item = &'static str> {
    TYPES.iter().map(|(name, ..)| *name)
}

/// An event of that type in its publisher's octets, and the channel that it must reach: the type twice, the time as a
/// number with nine decimals, nulls written out.
pub fn learning(event_type: &str, user: &str, session: &str) -> (String, String) {
    let (_, destination, members) = TYPES.iter().find(|(name, ..)| *name == event_type).unwrap();
    let id = Uuid::new_v4();
    let owner = if *destination == Destination::System { "null".to_owned() } else { format!("\"{user}\"") };
    let session_member = match destination {
        Destination::Session => format!(r#""sessionId":"{session}","#),
        _ => String::new(),
    };
    let body = format!(
        r#"{{"eventType":"{event_type}","eventType":"{event_type}","eventId":"{id}","timestamp":1755072930.123456789,"correlationId":"a3b1","causationId":null,"userId":{owner},"metadata":{{"source":"unknown","version":"1.0.0","environment":"development","region":"us-east-1","schemaVersion":"1.0"}},{session_member}{members}}}"#
    );
    let channel = match destination {
        Destination::User => format!("/topic/user/{user}"),
        Destination::Session => format!("/topic/user/{user}/session/{session}"),
        Destination::System => "/topic/system".to_owned(),
    };
    (body, channel)
}
