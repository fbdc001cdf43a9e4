import { expect, test, vi } from "vitest";
import { takeDescriptors } from "./descriptors";

const DESCRIPTOR = "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension";
const MID = "urn:ietf:params:rtp-hdrext:sdes:mid";

function transceiver(uris: string[]) {
  const extensions = uris.map((uri) => ({ uri, direction: uri === MID ? "sendrecv" : "stopped" }) as const);
  return { getHeaderExtensionsToNegotiate: () => [...extensions], setHeaderExtensionsToNegotiate: vi.fn() };
}

test("asks for descriptors beside all that is offered already", () => {
  const asked = transceiver([MID, DESCRIPTOR]);
  takeDescriptors(asked);
  expect(asked.setHeaderExtensionsToNegotiate).toHaveBeenCalledExactlyOnceWith([
    { uri: MID, direction: "sendrecv" },
    { uri: DESCRIPTOR, direction: "sendrecv" },
  ]);
});

test("asks nothing of a browser that does not know descriptors, or cannot be asked", () => {
  const asked = transceiver([MID]);
  takeDescriptors(asked);
  expect(asked.setHeaderExtensionsToNegotiate).not.toHaveBeenCalled();
  expect(() => takeDescriptors({})).not.toThrow();
});
