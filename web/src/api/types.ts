/** The server's JSON, by the names that the pages use. `npm run types` renews `schema.d.ts` from a running server. */
import type { components } from "./schema";

type Schemas = components["schemas"];

/** A signed-in account. */
export type User = Schemas["Account"];

/** `scheduled` is called `upcoming` in the public API. */
export type SessionStatus = Schemas["Status"];

/** One scheduled class, as the present user may see it. Times are RFC 3339 in UTC. */
export type Session = Schemas["Session"];

/** One of the instructor's own, with what it brings in. */
export type OwnSession = Schemas["OwnSession"];

/** What an instructor decides when planning a class. */
export type NewSession = Schemas["NewSession"];

/** An enrolment that was made, or was there. */
export type EnrolmentMade = Schemas["EnrolmentMade"];

/** One movement of tokens; below zero: spent. */
export type TokenTransaction = Schemas["TokenTransaction"];

/** How and about what a person wants to be told. */
export type NotificationPreferences = Schemas["NotificationPreferences"];

/** An instructor as viewers see them. */
export type Instructor = Schemas["Instructor"];

/** What an instructor changes of a class; what is not given stays. */
export type SessionChange = Schemas["SessionChange"];

/** One message. Keys grow in the order in which messages were written. */
export type ChatMessage = Schemas["ChatMessage"];

/** A page of chat, oldest first. */
export type ChatPage = Schemas["ChatPage"];

/** A poll; the reader's own vote is not told where it goes to everybody. */
export type Poll = Schemas["Poll"];

/** One answer of a poll. */
export type PollOption = Schemas["PollOption"];

/** A question to the host; the reader's own vote is not told where it goes to everybody. */
export type Question = Schemas["Question"];

/** A raised hand. */
export type Hand = Schemas["Hand"];

/** A recording of the catalogue. */
export type Workout = Schemas["Workout"];
