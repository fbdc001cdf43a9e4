/** Dependency descriptors: a header extension that browsers know, and offer to take only when a page asks. */

/** AV1 RTP payload specification, appendix A. */
const DESCRIPTOR = "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension";

interface HeaderExtension {
  uri: string;
  direction: RTCRtpTransceiverDirection;
}

declare global {
  /** What WebRTC Extensions (section 5.2) adds; not every browser has it. */
  interface RTCRtpTransceiver {
    getHeaderExtensionsToNegotiate?(): HeaderExtension[];
    setHeaderExtensionsToNegotiate?(extensions: HeaderExtension[]): void;
  }
}

type Negotiates = Pick<RTCRtpTransceiver, "getHeaderExtensionsToNegotiate" | "setHeaderExtensionsToNegotiate">;

/**
 * Lets the offer say that the picture may come with dependency descriptors: without them a browser cannot play the
 * larger sizes inside an AV1 stream. A browser that cannot be asked, or does not know them, offers as before.
 */
export function takeDescriptors(transceiver: Negotiates): void {
  const extensions = transceiver.getHeaderExtensionsToNegotiate?.() ?? [];
  if (!extensions.some(({ uri }) => uri === DESCRIPTOR)) return;
  const wanted = extensions.map(
    (extension): HeaderExtension =>
      extension.uri === DESCRIPTOR ? { ...extension, direction: "sendrecv" } : extension,
  );
  transceiver.setHeaderExtensionsToNegotiate?.(wanted);
}
