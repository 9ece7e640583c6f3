// The least that a Nest application on Fastify can be: one route, no database. Says its port when it listens.
import 'reflect-metadata';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';

class Root {
  read() {
    return { status: 'ok' };
  }
}
Get('health/ready')(Root.prototype, 'read', Object.getOwnPropertyDescriptor(Root.prototype, 'read'));
Controller()(Root);

class App {}
Module({ controllers: [Root] })(App);

const app = await NestFactory.create(App, new FastifyAdapter(), { logger: false });
await app.listen(0, '127.0.0.1');
process.send(app.getHttpServer().address().port);
process.on('SIGTERM', () => process.exit());
