import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** Stands between the server and its database, and can take the database away. */
export class Proxy {
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;
  private port = 0;
  /** As a firewall is that has forgotten its connections. */
  silent = false;
  private isHeld = false;

  private constructor(private target: URL) {
    this.server = createServer((inward) => {
      const outward = connect(Number(this.target.port), this.target.hostname);
      for (const [socket, other] of [
        [inward, outward],
        [outward, inward],
      ] as const) {
        this.sockets.add(socket);
        socket
          .on('error', () => undefined)
          .on('close', () => {
            this.sockets.delete(socket);
            other.destroy();
          });
        // What comes while it is silent is lost: nobody is told anything.
        socket.on('data', (bytes) => this.silent || other.write(bytes));
        if (this.isHeld) socket.pause();
      }
    });
  }

  static async before(target: URL): Promise<Proxy> {
    const proxy = new Proxy(target);
    await proxy.up();
    return proxy;
  }

  get url(): string {
    const url = new URL(this.target);
    url.port = String(this.port);
    return url.href;
  }

  async up(): Promise<void> {
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = (this.server.address() as { port: number }).port;
  }

  /** Whoever connects from now on comes to another server, as after a change of an address in the DNS. */
  turnTo(target: URL): void {
    this.target = target;
  }

  /** Nothing passes any more, and nobody is told: as while packets are dropped between two networks. Who connects is not answered. */
  hold(): void {
    this.isHeld = true;
    for (const socket of this.sockets) socket.pause();
  }

  /**
   * Ends `hold`. What was sent meanwhile arrives, as TCP sends it again.
   * @param forgets whether what was connected until now is held for good, as by a firewall that has forgotten it
   */
  release({ forgets }: { readonly forgets: boolean }): void {
    this.isHeld = false;
    if (forgets) return;
    for (const socket of this.sockets) socket.resume();
  }

  /** Ends what is connected, and takes what comes. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  /** Ends what is connected and refuses what comes. */
  async down(): Promise<void> {
    const closed = new Promise((done) => this.server.close(done));
    this.cut();
    await closed;
  }
}
