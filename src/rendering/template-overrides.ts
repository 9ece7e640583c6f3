import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { PACKAGE_ROOT } from '../config/package-root.js';
import { type Settings, SettingsError } from '../config/settings.js';
import { BASE_LOCALE, canonical, lookupOrder } from './languages.js';
import { namesIn, samplesOf, type TemplateNames, togetherOf } from './template-names.js';
import { TemplateFiles, type TemplateKind } from './templates.js';

type Values = Record<string, unknown>;

const SHIPPED = join(PACKAGE_ROOT, 'templates');

/**
 * The templates of this kind: those of `TEMPLATES_DIR`, if it is set, before the shipped ones.
 * @throws SettingsError if `TEMPLATES_DIR` is not a directory
 */
export function templatesOf(kind: TemplateKind, { TEMPLATES_DIR }: Pick<Settings, 'TEMPLATES_DIR'>): TemplateFiles {
  if (TEMPLATES_DIR === undefined) return new TemplateFiles(kind, [SHIPPED]);
  const root = resolve(TEMPLATES_DIR);
  if (!existsSync(root) || !statSync(root).isDirectory()) {
    throw new SettingsError([`TEMPLATES_DIR: ${root} is no folder`]);
  }
  return new TemplateFiles(kind, [root, SHIPPED]);
}

/**
 * Reports at the start what would otherwise show up in a mail: files that replace nothing, variables that the shipped template does
 * not have (in any branch), mails that are only partly translated, and templates that do not render.
 * @param partials the files that are parts of others
 * @param render renders a file as it is with what replaces it
 * @throws SettingsError naming all of it
 */
export function checkOverrides(
  files: TemplateFiles,
  partials: readonly string[],
  render: (file: string, locale: string, values: Values) => string,
): void {
  if (files.roots.length === 1) return;
  const check = new OverrideCheck(files, partials);
  const problems = [...files.locales.flatMap((locale) => check.replaced(locale)), ...check.halfTranslated()];
  if (problems.length === 0) {
    for (const { file, locale, names } of check.all()) {
      try {
        for (const values of samplesOf(names)) render(file, locale, values);
      } catch (error) {
        problems.push(`${check.shown(file, locale)} does not render: ${(error as Error).message}`);
      }
    }
  }
  if (problems.length > 0) throw new SettingsError(problems.map((problem) => `TEMPLATES_DIR: ${problem}`));
}

class OverrideCheck {
  private readonly given: string;
  private readonly shipped: string;
  /** Of the shipped English templates, the source of all translations. */
  private readonly originals: readonly string[];
  private readonly names = new Map<string, TemplateNames>();

  constructor(
    private readonly files: TemplateFiles,
    private readonly partials: readonly string[],
  ) {
    [this.given = '', this.shipped = ''] = files.roots;
    this.originals = filesIn(files.folder(this.shipped, BASE_LOCALE));
  }

  replaced(locale: string): string[] {
    const folder = this.files.folder(this.given, locale);
    if (!existsSync(folder)) return [];
    if (canonical(locale) !== locale) {
      return [`locales/${locale} is no language; there are such as de or pt-BR (BCP 47)`];
    }
    const possible = this.originals.filter((file) => locale === BASE_LOCALE || file.endsWith('.hbs'));
    return filesIn(folder).flatMap((file) => {
      const shown = this.shown(file, locale);
      if (!possible.includes(file)) return [`${shown} replaces nothing; there are ${possible.join(', ')}`];
      if (!file.endsWith('.hbs')) return [];
      try {
        const known = this.namesOf(file).values;
        const unknown = [...namesIn(join(folder, file)).values].filter((name) => !known.has(name));
        return unknown.map((name) => `${shown} uses {{${name}}}; there are ${[...known].sort().join(', ')}`);
      } catch (error) {
        return [`${shown} cannot be read: ${(error as Error).message}`];
      }
    });
  }

  /** A partly translated mail would mix two languages. */
  halfTranslated(): string[] {
    const mails = [...new Set(this.originals.map((file) => dirname(file)))].filter((folder) => folder !== '.');
    return this.files.locales.flatMap((locale) => {
      if (lookupOrder(locale).includes(BASE_LOCALE)) return [];
      return mails.flatMap((mail) => {
        const parts = this.originals.filter((file) => dirname(file) === mail);
        const missing = parts.filter((file) => this.files.translated(file, locale) === undefined);
        if (missing.length === 0 || missing.length === parts.length) return [];
        return [`${this.shown(mail, locale)} lacks ${missing.map((file) => basename(file)).join(' and ')}`];
      });
    });
  }

  /** Templates that are replaced themselves, or have partials that are. */
  all(): { file: string; locale: string; names: TemplateNames }[] {
    const rendered = this.originals.filter((file) => file.endsWith('.hbs') && !this.partials.includes(file));
    return this.files.locales.flatMap((locale) => {
      const isReplaced = (file: string): boolean =>
        this.files.path(file, locale)?.startsWith(this.given + sep) === true;
      const partsAre = this.partials.some(isReplaced);
      return rendered
        .filter((file) => this.files.translated(file, locale) !== undefined && (partsAre || isReplaced(file)))
        .map((file) => ({ file, locale, names: this.namesOf(file) }));
    });
  }

  shown(file: string, locale: string): string {
    return locale === BASE_LOCALE ? file : `locales/${locale}/${this.files.kind}/${file}`;
  }

  private namesAt(path: string): TemplateNames {
    const names = this.names.get(path) ?? namesIn(path);
    this.names.set(path, names);
    return names;
  }

  /** The variables of the shipped template in all languages, with the other parts of its mail and the partials. */
  private namesOf(file: string): TemplateNames {
    const beside = this.originals.filter((other) => dirname(other) === dirname(file) && dirname(file) !== '.');
    const all = [...new Set([...this.partials, ...beside, file])].filter((name) => name.endsWith('.hbs'));
    const shipped = new TemplateFiles(this.files.kind, [this.shipped]);
    const paths = all.flatMap((name) =>
      shipped.locales.map((locale) => join(shipped.folder(this.shipped, locale), name)),
    );
    return togetherOf(paths.filter((path) => existsSync(path)).map((path) => this.namesAt(path)));
  }
}

function filesIn(folder: string): string[] {
  const isFile = (file: string) => !/(^|[/\\])\./.test(file) && statSync(join(folder, file)).isFile();
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(isFile).sort();
}
