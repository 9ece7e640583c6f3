const NOT_AS_IT_IS = /[^\t\r\n -~]+|[\t ]$/gm;
const LONGEST_LINE = 76;

/** A text of any language in lines that every mail server takes as they are (RFC 2045, 6.7). */
export function quotedPrintable(text: string): string {
  return text
    .replace(/\r\n?|\n/g, '\r\n')
    .replaceAll('=', '=3D')
    .replace(NOT_AS_IT_IS, escaped)
    .split('\r\n')
    .map((line) => folded(line))
    .join('\r\n');
}

function escaped(characters: string): string {
  return Buffer.from(characters).toString('hex').toUpperCase().replace(/../g, '=$&');
}

/** Breaks what is too long, but through no escape such as `=C3`. */
function folded(line: string): string {
  let lines = '';
  let from = 0;
  while (line.length - from > LONGEST_LINE) {
    const most = from + LONGEST_LINE - 1;
    const escape = line.lastIndexOf('=', most - 1);
    const end = escape > most - 3 ? escape : most;
    lines += `${line.slice(from, end)}=\r\n`;
    from = end;
  }
  return lines + line.slice(from);
}
