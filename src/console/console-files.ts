import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import type { Settings } from '../config/settings.js';
import { InjectSettings } from '../config/settings.token.js';
import { PACKAGE_ROOT } from '../config/package-root.js';

const DIST = join(PACKAGE_ROOT, 'console', 'dist');

const TYPES: Readonly<Record<string, string>> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  woff2: 'font/woff2',
};

/** What the build has compressed beforehand, best first. */
const ENCODINGS = [
  { name: 'br', suffix: '.br' },
  { name: 'gzip', suffix: '.gz' },
] as const;

/** A file of the console as it goes over the wire. */
interface ConsoleAsset {
  readonly type: string;
  readonly content: Buffer;
  /** `Content-Encoding`; undefined for the file as it is. */
  readonly encoding: string | undefined;
}

/** What `npm run build` has made of the workspace `console/`. */
@Injectable()
export class ConsoleFiles {
  private readonly names: ReadonlySet<string>;
  private readonly index: string | undefined;

  constructor(@InjectSettings() { PUBLIC_URL }: Settings) {
    try {
      this.names = new Set(readdirSync(join(DIST, 'assets')));
      this.index = withPrefix(readFileSync(join(DIST, 'index.html'), 'utf8'), new URL(PUBLIC_URL).pathname);
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'ENOENT') throw error;
      this.names = new Set();
    }
  }

  /** The page that starts the console, at whatever address below it; undefined if the console has not been built. */
  page(): string | undefined {
    return this.index;
  }

  /**
   * @param name one that the page or another asset names
   * @param accepts `Accept-Encoding` of the request
   * @returns undefined if there is no such asset
   */
  async asset(name: string, accepts: string): Promise<ConsoleAsset | undefined> {
    const type = TYPES[name.slice(name.lastIndexOf('.') + 1)];
    if (type === undefined || !this.names.has(name)) return undefined;
    const encoding = ENCODINGS.find((one) => isAccepted(accepts, one.name) && this.names.has(name + one.suffix));
    const content = await contentOf(join(DIST, 'assets', name + (encoding?.suffix ?? '')));
    return content && { type, content, encoding: encoding?.name };
  }
}

/** @returns undefined for a file that a later build has removed */
async function contentOf(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The build names its assets relatively, since it cannot know where it will be served. */
function withPrefix(page: string, path: string): string {
  const prefix = path.replace(/\/$/, '');
  return page
    .replaceAll('"./assets/', `"${prefix}/console/assets/`)
    .replaceAll('"/assets/', `"${prefix}/assets/`)
    .replaceAll('"/account"', `"${prefix}/account"`);
}

/** RFC 9110, 12.5.3; without a wildcard, which no browser sends. */
function isAccepted(accepts: string, encoding: string): boolean {
  return accepts.split(',').some((one) => {
    const [name = '', ...parameters] = one.split(';').map((part) => part.trim());
    return name.toLowerCase() === encoding && !parameters.some((parameter) => /^q=0(?:\.0*)?$/i.test(parameter));
  });
}
