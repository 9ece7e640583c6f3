import express from 'express';
import { Verifier } from '@roster/verify';
import { allow } from '@roster/verify/express';
import { options, port } from './settings.js';

const verifier = new Verifier(options);
const app = express();
app.get('/orders', allow(verifier), (request, response) => {
  response.json({ of: request.roster?.id, role: request.roster?.role });
});
app.delete('/orders', allow(verifier, 'MANAGER'), (_request, response) => {
  response.sendStatus(204);
});
app.listen(port, '127.0.0.1');
