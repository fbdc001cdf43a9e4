/** Firefox, driven by WebDriver BiDi. Its camera is the browser's own made picture and tone. */
import { type Browser, launch } from "puppeteer-core";
import { installProbe } from "../../../web/e2e/support/probe";
import type { Page } from "./browser-peer";

/** A page of Firefox. */
export interface FirefoxPage extends Page {
  close(): Promise<void>;
}

export class Firefox {
  readonly #browser: Browser;

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  static async open(): Promise<Firefox> {
    const browser = await launch({
      browser: "firefox",
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

  /** Opens a page that counts what it receives. */
  async visit(url: string): Promise<FirefoxPage> {
    const page = await this.#browser.newPage();
    await page.evaluateOnNewDocument(installProbe);
    await page.goto(url);
    return page as unknown as FirefoxPage;
  }

  close(): Promise<void> {
    return this.#browser.close();
  }
}
