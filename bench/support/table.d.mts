export const PAGES: readonly string[];
export function filled(page: string): string;
