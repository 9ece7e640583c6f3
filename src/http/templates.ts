import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Handlebars from 'handlebars';

type Render = (values: Record<string, unknown>) => string;

/**
 * The templates of one kind (`mail` HTML, `mail` text, `pages`), which share one layout partial. Strict: a variable that a
 * template uses and the caller does not give is an error, not an empty place.
 */
export class TemplateSet {
  private readonly engine = Handlebars.create();
  private readonly compiled = new Map<string, Render>();

  /**
   * @param folder where the templates are
   * @param layout file of the shared layout, used as `{{#> layout}}`
   * @param escape whether values are escaped for HTML
   * @param overrides folder whose files are taken before those of the same name in `folder`
   */
  constructor(
    private readonly folder: string,
    layout: string,
    private readonly escape: boolean,
    private readonly overrides?: string,
  ) {
    this.engine.registerPartial('layout', this.compile(layout));
  }

  /** @throws Error naming the missing variable */
  render(file: string, values: Record<string, unknown>): string {
    const render = this.compiled.get(file) ?? this.compile(file);
    this.compiled.set(file, render);
    return render(values);
  }

  private compile(file: string): Render {
    return this.engine.compile<Record<string, unknown>>(this.source(file), { strict: true, noEscape: !this.escape });
  }

  /** The text of a file of the set, replaced or shipped. */
  source(file: string): string {
    const replaced = this.overrides && join(this.overrides, file);
    return readFileSync(replaced && existsSync(replaced) ? replaced : join(this.folder, file), 'utf8');
  }
}
