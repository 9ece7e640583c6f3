/** For every service of this example. */
export const options = {
  roster: process.env['ROSTER'] ?? 'http://localhost:3000',
  key: process.env['ROSTER_KEY'] ?? '',
  maxLag: Number(process.env['MAX_LAG'] ?? 10_000),
  onError: (error: unknown) => console.error(String(error)),
};
export const port = Number(process.env['PORT'] ?? 8080);
