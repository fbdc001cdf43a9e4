//! What the example data says.

/// A class that is still to come.
pub(super) struct Upcoming {
    pub(super) title: &'static str,
    pub(super) description: &'static str,
    pub(super) phase: i64,
    /// The how-manieth Wednesday from today.
    pub(super) weeks: i32,
    pub(super) minutes: i64,
    pub(super) price: i64,
    pub(super) level: &'static str,
    pub(super) is_public: bool,
    /// By their places in [`PEOPLE`]. Only what is free: nothing is to be paid back.
    pub(super) enrolled: &'static [usize],
}

/// A class that is over.
pub(super) struct Past {
    pub(super) title: &'static str,
    pub(super) description: &'static str,
    pub(super) phase: i64,
    pub(super) days_ago: i64,
    pub(super) minutes: i64,
    pub(super) most_viewers: i64,
    pub(super) level: &'static str,
    /// With the replay goes the conversation.
    pub(super) has_replay: bool,
}

/// A poll that is closed: question, and answers with who chose each, by place in [`PEOPLE`].
pub(super) struct Poll {
    pub(super) question: &'static str,
    pub(super) options: &'static [(&'static str, &'static [usize])],
}

/// Something that a viewer wants to know.
pub(super) struct Question {
    pub(super) minute: i64,
    pub(super) who: usize,
    pub(super) text: &'static str,
    pub(super) is_answered: bool,
    /// Who wants to know it as well.
    pub(super) also: &'static [usize],
}

/// The instructor's name.
pub(super) const INSTRUCTOR: &str = "Emma Example";

/// Those who watch.
pub(super) const PEOPLE: [&str; 6] = [
    "Sarah van Dijk",
    "Jan de Vries",
    "Noor Bakker",
    "Tom Willems",
    "Lisa Peeters",
    "Ahmed El Idrissi",
];

/// Soonest first.
pub(super) const UPCOMING: [Upcoming; 5] = [
    Upcoming {
        title: "Preparing a first conversation",
        description: "What you find out before you call, and how it changes what you ask.",
        phase: 1,
        weeks: 1,
        minutes: 60,
        price: 0,
        level: "Beginner",
        is_public: true,
        enrolled: &[0, 1, 2, 3, 4],
    },
    Upcoming {
        title: "Questions that open a conversation",
        description: "Open questions, silence, and how to listen for what is not said.",
        phase: 2,
        weeks: 2,
        minutes: 60,
        price: 10,
        level: "Beginner",
        is_public: false,
        enrolled: &[],
    },
    Upcoming {
        title: "From need to recommendation",
        description: "How to tie each part of your proposal to something that was said.",
        phase: 3,
        weeks: 3,
        minutes: 75,
        price: 15,
        level: "Intermediate",
        is_public: false,
        enrolled: &[],
    },
    Upcoming {
        title: "Handling objections",
        description: "Price, timing, doubt: what is behind them, with examples from the group.",
        phase: 4,
        weeks: 4,
        minutes: 60,
        price: 15,
        level: "Advanced",
        is_public: false,
        enrolled: &[],
    },
    Upcoming {
        title: "Questions and answers",
        description: "Bring your own case. Everything is allowed.",
        phase: 2,
        weeks: 5,
        minutes: 45,
        price: 0,
        level: "Everybody",
        is_public: true,
        enrolled: &[1, 3],
    },
];

/// Latest first. The first one has the replay, the conversation and the polls.
pub(super) const PAST: [Past; 3] = [
    Past {
        title: "Discovery in practice",
        description: "Three conversations, taken apart together. With a replay.",
        phase: 2,
        days_ago: 2,
        minutes: 60,
        most_viewers: 48,
        level: "Intermediate",
        has_replay: true,
    },
    Past {
        title: "A recommendation that fits",
        description: "How to choose two options instead of ten.",
        phase: 3,
        days_ago: 9,
        minutes: 60,
        most_viewers: 37,
        level: "Intermediate",
        has_replay: false,
    },
    Past {
        title: "The moment of decision",
        description: "How to ask for it, and what to do with a no.",
        phase: 4,
        days_ago: 16,
        minutes: 50,
        most_viewers: 41,
        level: "Advanced",
        has_replay: false,
    },
];

/// The conversation: minute of the class, who (`None`: the instructor), what.
pub(super) const MESSAGES: [(i64, Option<usize>, &str); 20] = [
    (
        0,
        None,
        "Welcome, everybody! Today we take three real conversations apart.",
    ),
    (1, Some(0), "Hello from Utrecht!"),
    (1, Some(1), "Good afternoon all"),
    (2, Some(4), "First time here, curious."),
    (
        5,
        None,
        "Case one: the customer says “send me something by mail”. What do you hear?",
    ),
    (6, Some(2), "That they want to be rid of me, politely"),
    (6, Some(3), "Or that they do not know yet what they need"),
    (8, None, "Both happen. How would you find out which it is?"),
    (9, Some(5), "Ask what they would like to see in that mail"),
    (10, Some(0), "Oh, that is good"),
    (17, None, "There is a poll: what do you find hardest?"),
    (19, Some(1), "Silence. I always fill it."),
    (21, Some(4), "Same here!"),
    (28, Some(2), "Does this work by phone as well?"),
    (
        29,
        None,
        "It does. You hear even better whether the other one is thinking.",
    ),
    (41, Some(3), "Could you show the last example again?"),
    (43, None, "I will; you find it in the replay at the end too."),
    (55, Some(5), "This was really useful, thank you"),
    (58, Some(0), "Thank you! See you next week."),
    (59, None, "Thank you all. Next week: from need to recommendation."),
];

/// What viewers wanted to know.
pub(super) const QUESTIONS: [Question; 2] = [
    Question {
        minute: 12,
        who: 4,
        text: "How long may a silence last?",
        is_answered: true,
        also: &[0, 1, 2],
    },
    Question {
        minute: 33,
        who: 3,
        text: "What if the customer asks for the price at once?",
        is_answered: false,
        also: &[5],
    },
];

/// When the polls were made.
pub(super) const POLL_MINUTES: [i64; 2] = [17, 56];

/// Two polls.
pub(super) const POLLS: [Poll; 2] = [
    Poll {
        question: "What do you find hardest in a first conversation?",
        options: &[
            ("Open questions", &[3]),
            ("Silence", &[0, 1, 4]),
            ("Summing up", &[2]),
            ("Asking on", &[5]),
        ],
    },
    Poll {
        question: "Which case shall we do next week?",
        options: &[
            ("Price", &[0, 2, 5]),
            ("Timing", &[1]),
            ("A second decision maker", &[3, 4]),
        ],
    },
];
