/** Analytics. */
export const analytics = {
  title: "Analytics",
  lead: "Who came, how long they stayed, and what they did.",
  overview: "Analytics",
  overviewTitle: "All classes together",
  overviewLead: "What worked, and when.",
  csv: "Download CSV",
  viewersOverTime: "Viewers over time",
  live: "Live",
  conversation: "Conversation",
  result: "Result",
  peakViewers: "Most viewers",
  uniqueViewers: "Different viewers",
  joins: "Joined",
  leaves: "Left",
  averageWatch: "Average watch time",
  chatMessages: "Chat messages",
  chatters: "People in the chat",
  pollVotes: "Poll votes",
  questions: "Questions",
  reactions: "Reactions",
  enrolments: "Enrolments",
  replayViews: "Replay views",
  replayTime: "Replay time",
  sessions: "Classes",
  watched: "Watched in all",
  slots: "Average viewers by time of the week",
  slotText_one: "{{viewers}} viewers on average, {{count}} class",
  slotText_other: "{{viewers}} viewers on average, {{count}} classes",
  hour: "Hour",
  revenueByClass: "Revenue by class",
  none: "No class has taken place yet",
  noneText: "After your first class you see here how many came, and which times they like.",
};

export const plot = { empty: "Not enough to draw yet." };

export const length = { seconds: "{{number}} s", minutes: "{{number}} min", hours: "{{number}} h" };
