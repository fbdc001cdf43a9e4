/** Shapes of the server's JSON. */

/** Roles, each with the rights of the one before. */
type Role = "viewer" | "instructor" | "admin";

/** A signed-in account. */
export interface User {
  id: string;
  name: string;
  email: string;
  role: Role;
}

/** `scheduled` is called `upcoming` in the public API. */
export type SessionStatus = "upcoming" | "live" | "ended" | "cancelled";

/** One scheduled class, as the present user may see it. Times are RFC 3339 in UTC. */
export interface Session {
  id: string;
  title: string;
  description: string | null;
  scheduledDate: string;
  /** Planned length in minutes. */
  duration: number;
  topic: string | null;
  /** 1 to 4: preparation, discovery, recommendation, decision. */
  phaseId: number | null;
  status: SessionStatus;
  videoUrl: string | null;
  thumbnailUrl: string | null;
  viewerCount: number;
  hasReminder: boolean;
  isPublic: boolean;
  instructorId: string;
  instructorName: string;
  /** IANA name of the class's own zone. */
  timeZone: string;
  recordingEnabled: boolean;
  recordingAvailable: boolean;
  recordingExpiresAt: string | null;
  canWatch: boolean;
  canBroadcast: boolean;
  whepUrl: string | null;
  hlsUrl: string | null;
  actualStart: string | null;
  actualEnd: string | null;
}

/** What an instructor decides when planning a class. */
export interface NewSession {
  title: string;
  description?: string;
  scheduledStart: string;
  durationMinutes: number;
  topic?: string;
  phaseId?: number;
  isPublic: boolean;
  recordingEnabled?: boolean;
  timeZone?: string;
}

/** What OBS, ffmpeg and GStreamer need. */
export interface Ingest {
  whipUrl: string;
  streamKey: string;
}

/** A short-lived bearer token for one purpose. */
export interface MediaToken {
  token: string;
  expiresAt: string;
}
