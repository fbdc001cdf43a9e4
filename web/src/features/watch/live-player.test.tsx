import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, render, screen } from "@testing-library/react";
import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import type { Session } from "../../api/types";
import { FakePeer, FakeTrack, installFakes, type Sent, settle } from "../../media/testing/fake-peer";
import { en } from "../../ui/i18n/en";
import { LivePlayer } from "./live-player";

const SESSION = { id: "class", status: "live", viewerCount: 12, whepUrl: "/whep/class" } as Session;
let fakes: ReturnType<typeof installFakes>;
let play: ReturnType<typeof vi.spyOn>;

beforeAll(async () => {
  await i18next.use(initReactI18next).init({ lng: "en", resources: { en: { translation: en } } });
});

beforeEach(() => {
  vi.useFakeTimers();
  fakes = installFakes();
  const whep = fakes.respond.getMockImplementation();
  fakes.respond.mockImplementation((request: Sent) =>
    request.url.includes("/whep/") && whep ? whep(request) : Response.json({ token: "t", expiresAt: "" }),
  );
  vi.spyOn(HTMLMediaElement.prototype, "srcObject", "set").mockImplementation(() => {});
  play = vi.spyOn(HTMLMediaElement.prototype, "play").mockResolvedValue();
});

afterEach(async () => {
  cleanup();
  await settle();
  vi.useRealTimers();
});

async function open() {
  render(
    <QueryClientProvider client={new QueryClient()}>
      <LivePlayer session={SESSION} />
    </QueryClientProvider>,
  );
  await act(settle);
  const stage = screen.getByRole("region", { name: "Player" });
  return {
    state: () => stage.dataset.state,
    /** The connection is there, and so is the first picture. */
    async picture() {
      await act(async () => {
        const track = new FakeTrack("video");
        FakePeer.last.receive(track);
        FakePeer.last.become("connected");
        track.dispatchEvent(new Event("unmute"));
        const video = document.querySelector("video");
        Object.defineProperties(video, { readyState: { value: 4 }, videoWidth: { value: 1280 } });
        video?.dispatchEvent(new Event("loadeddata"));
        await settle();
      });
    },
  };
}

test("connects with a token, then shows the picture, the badge and the viewers", async () => {
  const player = await open();
  expect(player.state()).toBe("connecting");
  await player.picture();
  expect(player.state()).toBe("live");
  expect(fakes.sent.find((request) => request.url === "/whep/class")?.authorization).toBe("Bearer t");
  expect(screen.getByText("Live")).toBeTruthy();
  expect(screen.getByText("12 viewers")).toBeTruthy();
});

test("a browser that allows no sound yet gets a button for it", async () => {
  play.mockRejectedValueOnce(new DOMException("", "NotAllowedError"));
  const player = await open();
  await player.picture();
  await act(async () => document.querySelector("video")?.dispatchEvent(new Event("volumechange")));
  const button = screen.getByRole("button", { name: "Turn on the sound" });
  await act(async () => button.click());
  expect(document.querySelector("video")?.muted).toBe(false);
});

test("says that nobody sends yet", async () => {
  const player = await open();
  await act(async () => {
    FakePeer.last.become("connected");
    await vi.advanceTimersByTimeAsync(2_500);
  });
  expect(player.state()).toBe("waiting");
  expect(screen.getByText("Waiting for the instructor’s picture")).toBeTruthy();
});

test("a lost connection is said and mended", async () => {
  const player = await open();
  await player.picture();
  await act(async () => FakePeer.last.become("failed"));
  expect(player.state()).toBe("reconnecting");
  await act(async () => vi.advanceTimersByTimeAsync(1_000));
  expect(FakePeer.made).toHaveLength(2);
  await player.picture();
  expect(player.state()).toBe("live");
});

test("leaving the page leaves the class", async () => {
  const player = await open();
  await player.picture();
  cleanup();
  await settle();
  expect(fakes.sent.at(-1)?.method).toBe("DELETE");
});
