// The stories, from memory, on a free port, which it prints.
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { root } = require('./workload.json');

const TYPES = {
  '.html': 'text/html; charset=utf-8', '.css': 'text/css', '.js': 'text/javascript',
  '.json': 'application/json', '.svg': 'image/svg+xml', '.png': 'image/png', '.woff2': 'font/woff2',
};
const files = new Map();
for (const entry of fs.readdirSync(root, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue;
  const file = path.join(entry.parentPath ?? entry.path, entry.name);
  files.set('/' + path.relative(root, file).split(path.sep).join('/'), fs.readFileSync(file));
}

const server = http.createServer((request, response) => {
  const name = decodeURIComponent(new URL(request.url, 'http://stories').pathname);
  const bytes = files.get(name);
  const type = TYPES[path.extname(name)] ?? 'application/octet-stream';
  response.writeHead(bytes ? 200 : 404, { 'content-type': type, 'cache-control': 'max-age=3600' });
  response.end(bytes);
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
