/** Chat, polls, questions, hands and reactions. */

export const conversation = {
  title: "Conversation",
  reconnecting: "Connection lost; trying again. New messages come by themselves.",
  over: "The conversation ended with the class.",
  enrol: "Enrol to take part.",
  logIn: "Sign in to take part",
};

export const chat = {
  title: "Chat",
  host: "Host",
  pinned: "Pinned message:",
  empty: "Nobody has said anything yet. Say hello!",
  emptyEnded: "Nothing was said in this class.",
  earlier: "Earlier messages",
  newest: "To the newest",
  unread_one: "{{count}} new message",
  unread_other: "{{count}} new messages",
  write: "Your message",
  placeholder: "Write something…",
  send: "Send",
  length: "{{length}} of {{most}}",
  wait_one: "You can write again in {{count}} second.",
  wait_other: "You can write again in {{count}} seconds.",
  menu: "Message of {{name}}: what to do",
  pin: "Pin",
  unpin: "Unpin",
  delete: "Delete message",
  mute_one: "Mute for {{count}} minute",
  mute_other: "Mute for {{count}} minutes",
  ban: "Remove from this class",
  silenced_one: "{{count}} person cannot write",
  silenced_other: "{{count}} people cannot write",
  until: "until {{time}}",
  unsilence: "Let write",
};

export const polls = {
  title: "Polls",
  empty: "No polls yet. When the host asks something, you vote here.",
  emptyHost: "Polls can be made once the class is live.",
  vote: "Vote",
  voted: "You voted",
  yourVote: "Your vote",
  votes_one: "{{count}} vote",
  votes_other: "{{count}} votes",
  closed: "Closed",
  logIn: "Sign in to vote",
  new: "New poll",
  question: "Question",
  option: "Answer {{number}}",
  addOption: "Another answer",
  removeOption: "Remove answer {{number}}",
  start: "Start poll",
  close: "Close poll",
  reopen: "Open again",
  deleteTitle: "Delete this poll?",
  deleteText: "The poll and its votes disappear for everybody.",
};

export const questions = {
  title: "Questions",
  empty: "No questions yet. The ones that most people want answered come first.",
  yours: "Your question",
  placeholder: "Ask the host…",
  ask: "Ask",
  upvote_one: "I want to know this too ({{count}} vote)",
  upvote_other: "I want to know this too ({{count}} votes)",
  answered: "Answered",
  markAnswered: "Mark as answered",
  reopen: "Not answered after all",
  menu: "Question of {{name}}: what to do",
};

export const reactions = {
  title: "Reactions",
  send: "Send {{emoji}}",
};

export const hands = {
  title: "Raised hands",
  raise: "Raise hand",
  lower: "Lower hand",
  done: "Done",
  count_one: "{{count}} raised hand",
  count_other: "{{count}} raised hands",
};
