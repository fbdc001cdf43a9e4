/** Firefox, driven by WebDriver BiDi. Its camera is the browser's own made picture and tone. */
import { type Browser, type Page as BrowserPage, launch } from "puppeteer-core";
import type { Line } from "../../../web/e2e/support/line";
import { installProbe } from "../../../web/e2e/support/probe";
import type { Page } from "./browser-peer";

/** A page of Firefox. */
export type FirefoxPage = Page & Pick<BrowserPage, "close" | "keyboard" | "locator">;

export class Firefox {
  readonly #browser: Browser;

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  static async open(): Promise<Firefox> {
    const browser = await launch({
      browser: "firefox",
      defaultViewport: { width: 1280, height: 800 },
      executablePath: process.env.FIREFOX ?? "/usr/bin/firefox-esr",
      extraPrefsFirefox: {
        "media.navigator.streams.fake": true,
        "media.navigator.permission.disabled": true,
        "media.autoplay.default": 0,
        "media.peerconnection.ice.obfuscate_host_addresses": false,
      },
    });
    return new Firefox(browser);
  }

  /** Opens a page that counts what it receives, over `line` if one is given. */
  async visit(url: string, line?: Line): Promise<FirefoxPage> {
    const page = await this.#browser.newPage();
    await page.evaluateOnNewDocument(installProbe);
    if (line) await page.evaluateOnNewDocument(line.redirect, line.port);
    await page.goto(url);
    return page as unknown as FirefoxPage;
  }

  close(): Promise<void> {
    return this.#browser.close();
  }
}
