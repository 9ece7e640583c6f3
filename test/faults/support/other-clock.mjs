// Loaded into a server (NODE_OPTIONS=--import): its clock differs from the machine's by CLOCK_AHEAD_MS.
const ahead = Number(process.env.CLOCK_AHEAD_MS);
const MachineDate = globalThis.Date;

globalThis.Date = class Date extends MachineDate {
  constructor(...given) {
    super(...(given.length === 0 ? [MachineDate.now() + ahead] : given));
  }

  static now() {
    return MachineDate.now() + ahead;
  }
};
