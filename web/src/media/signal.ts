/** The HTTP half of WHIP (RFC 9725) and WHEP: an offer goes out, an answer and a resource to delete come back. */

/** What the server made for us: deleted when we leave. */
export interface Resource {
  /** Absolute, secret URL of the peer. */
  url: string;
  /** Entity tag of its ICE session, quoted as it came. */
  etag: string | null;
  /** Absolute URL of the extension by which a viewer chooses a layer, where the server has it. */
  layerUrl: string | null;
  /** Absolute URL of what the server tells while a viewer watches, where the server has it. */
  eventsUrl: string | null;
}

/** Which layer a viewer wants (WHEP extension); the empty one leaves the choice to the server. */
export interface LayerSelection {
  /** A simulcast encoding. */
  rid?: string;
  maxWidth?: number;
  maxHeight?: number;
  maxSpatialLayerId?: number;
  maxTemporalLayerId?: number;
  /** The lowest that there is. */
  lowest?: boolean;
}

const LAYER = "urn:ietf:params:whep:ext:core:layer";
const EVENTS = "urn:ietf:params:whep:ext:core:server-sent-events";

/** The server's side of a connection. */
export interface Answered {
  answer: string;
  resource: Resource;
}

/** The server refused an offer, or answered with something that is no answer. */
export class SignalError extends Error {
  override readonly name = "SignalError";
  /** HTTP status; 0 when there was no usable response. */
  readonly status: number;
  /** `type` of the problem details (RFC 9457), if the server sent any. */
  readonly type: string | null;
  /** How long the server asks us to stay away, in milliseconds. */
  readonly retryAfterMs: number | null;

  constructor(message: string, status: number, type: string | null = null, retryAfterMs: number | null = null) {
    super(message);
    this.status = status;
    this.type = type;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Posts an SDP offer to a WHIP or WHEP endpoint. Throws `SignalError` or the network's own error. */
export async function postOffer(
  endpoint: string,
  sdp: string,
  token: string | null,
  abort: AbortSignal,
): Promise<Answered> {
  const response = await fetch(endpoint, {
    method: "POST",
    headers: { "Content-Type": "application/sdp", Accept: "application/sdp", ...bearer(token) },
    body: sdp,
    signal: abort,
  });
  if (response.status !== 201) throw await refusal(response);
  const location = response.headers.get("Location");
  const answer = await response.text();
  if (!location || !answer.startsWith("v=")) throw new SignalError("the server sent no usable answer", 0);
  // A redirect may have led elsewhere: Location is relative to where the answer came from.
  const base = new URL(response.url || endpoint, globalThis.location.href);
  const links = response.headers.get("Link") ?? "";
  const absolute = (target: string | null) => (target === null ? null : new URL(target, base).href);
  const resource = {
    url: new URL(location, base).href,
    etag: response.headers.get("ETag"),
    layerUrl: absolute(linkTo(LAYER, links)),
    eventsUrl: absolute(linkTo(EVENTS, links)),
  };
  return { answer, resource };
}

/** Chooses a layer. True if the server does as asked; never throws: the picture goes on as it is. */
export async function postLayer(resource: Resource, selection: LayerSelection, token: string | null): Promise<boolean> {
  if (resource.layerUrl === null) return false;
  try {
    const headers = { "Content-Type": "application/json", ...bearer(token) };
    const response = await fetch(resource.layerUrl, { method: "POST", headers, body: JSON.stringify(selection) });
    return response.ok;
  } catch {
    return false;
  }
}

/**
 * Restarts the ICE session of a resource (RFC 9725 section 4.3.3): our credentials go out, the server's come back. Null
 * when the server takes no restarts. Throws `SignalError` when it has forgotten us, or the network's own error.
 */
export async function patchRestart(
  resource: Resource,
  fragment: string,
  token: string | null,
  abort: AbortSignal,
): Promise<string | null> {
  const response = await fetch(resource.url, {
    method: "PATCH",
    headers: { "Content-Type": "application/trickle-ice-sdpfrag", "If-Match": "*", ...bearer(token) },
    body: fragment,
    signal: abort,
  });
  if (response.status === 404 || response.status === 410) throw await refusal(response);
  if (response.status !== 200) return null;
  resource.etag = response.headers.get("ETag");
  return response.text();
}

/**
 * Tells the server that we are gone. True if it knew us still. `keepalive` lets the request outlive the page. Never
 * throws: the server notices by itself, a little later.
 */
export async function deleteResource(resource: Resource, token: string | null, keepalive = false): Promise<boolean> {
  try {
    const response = await fetch(resource.url, { method: "DELETE", headers: bearer(token), keepalive });
    return response.ok;
  } catch {
    return false;
  }
}

/** The target of the link with this relation (RFC 8288); several headers come joined by commas. */
function linkTo(rel: string, header: string): string | null {
  for (const [, target, parameters] of header.matchAll(/<([^>]*)>((?:[^",]|"(?:[^"\\]|\\.)*")*)/g)) {
    if (target && parameters?.includes(`rel="${rel}"`)) return target;
  }
  return null;
}

function bearer(token: string | null): Record<string, string> {
  return token ? { Authorization: `Bearer ${token}` } : {};
}

async function refusal(response: Response): Promise<SignalError> {
  const seconds = Number(response.headers.get("Retry-After") ?? Number.NaN);
  const retryAfterMs = Number.isFinite(seconds) ? seconds * 1000 : null;
  let title = `the server answered ${response.status}`;
  let type: string | null = null;
  if (response.headers.get("Content-Type")?.includes("json")) {
    const problem = (await response.json().catch(() => null)) as {
      title?: string;
      detail?: string;
      type?: string;
    } | null;
    title = problem?.detail ?? problem?.title ?? title;
    type = problem?.type ?? null;
  }
  return new SignalError(title, response.status, type, retryAfterMs);
}
