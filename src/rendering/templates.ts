import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Handlebars from 'handlebars';
import { BASE_LOCALE, canonical, type Language, lookupOrder } from './languages.js';

export type TemplateKind = 'mail' | 'pages';
type Render = (values: Record<string, unknown>) => string;

/**
 * Where the templates of one kind are. English is `<kind>/<file>`, another language `locales/<locale>/<kind>/<file>`: first in
 * `TEMPLATES_DIR`, if that is set, then among those shipped.
 */
export class TemplateFiles {
  /** All that have a file of this kind, English first. */
  readonly locales: readonly string[];

  /** @param roots folders like `templates`, of which the first that has a file gives it; the last is the shipped one */
  constructor(
    readonly kind: TemplateKind,
    readonly roots: readonly string[],
  ) {
    const found = roots.flatMap((root) => localesIn(root).filter((locale) => existsSync(this.folder(root, locale))));
    this.locales = [...new Set([BASE_LOCALE, ...found.sort()])];
  }

  folder(root: string, locale: string): string {
    return locale === BASE_LOCALE ? join(root, this.kind) : join(root, 'locales', locale, this.kind);
  }

  /** The file in this locale or its language, else the English one. */
  path(file: string, locale: string): string | undefined {
    return this.translated(file, locale) ?? this.in(file, BASE_LOCALE);
  }

  /** As `path`, without falling back to English. */
  translated(file: string, locale: string): string | undefined {
    return lookupOrder(locale)
      .map((tag) => this.in(file, tag))
      .find((path) => path !== undefined);
  }

  /**
   * Chooses the language for a reader.
   * @param name of a page's file or a mail's folder
   * @param wanted the reader's language tags, preferred first
   */
  languageOf(name: string, wanted: readonly string[]): Language {
    for (const tag of wanted.flatMap((given) => canonical(given) ?? [])) {
      const locale = lookupOrder(tag).find((candidate) => this.in(name, candidate) !== undefined);
      if (locale !== undefined) return { locale, format: tag };
    }
    return { locale: BASE_LOCALE, format: BASE_LOCALE };
  }

  private in(file: string, locale: string): string | undefined {
    return this.roots.map((root) => join(this.folder(root, locale), file)).find((path) => existsSync(path));
  }
}

function localesIn(root: string): string[] {
  const folder = join(root, 'locales');
  if (!existsSync(folder)) return [];
  return readdirSync(folder).filter((name) => statSync(join(folder, name)).isDirectory());
}

/**
 * The templates of one kind that share partials (`mail` HTML, `mail` text, `pages`), in every language. Strict: a variable that
 * a template uses and the caller does not give is an error, not an empty place.
 */
export class TemplateSet {
  private readonly engines = new Map<string, typeof Handlebars>();
  private readonly compiled = new Map<string, Render>();

  /**
   * @param partials by the name that templates call them: their files
   * @param escape whether values are escaped for HTML
   */
  constructor(
    private readonly files: TemplateFiles,
    private readonly partials: Readonly<Record<string, string>>,
    private readonly escape: boolean,
  ) {}

  /** @throws Error naming the missing variable */
  render(file: string, locale: string, values: Record<string, unknown>): string {
    const key = `${locale}/${file}`;
    const render = this.compiled.get(key) ?? this.compile(this.engineOf(locale), file, locale);
    this.compiled.set(key, render);
    return render(values);
  }

  /** The source of a file of the set, replaced or shipped. */
  source(file: string, locale = BASE_LOCALE): string {
    const path = this.files.path(file, locale);
    if (path === undefined) throw new Error(`There is no template ${file}`);
    return readFileSync(path, 'utf8');
  }

  private engineOf(locale: string): typeof Handlebars {
    const known = this.engines.get(locale);
    if (known) return known;
    const engine = Handlebars.create();
    for (const [name, file] of Object.entries(this.partials)) {
      engine.registerPartial(name, this.compile(engine, file, locale));
    }
    this.engines.set(locale, engine);
    return engine;
  }

  private compile(engine: typeof Handlebars, file: string, locale: string): Render {
    return engine.compile<Record<string, unknown>>(this.source(file, locale), {
      strict: true,
      noEscape: !this.escape,
      // Only the built-in helpers; skipping the lookup of others halves the rendering time.
      knownHelpersOnly: true,
    });
  }
}
