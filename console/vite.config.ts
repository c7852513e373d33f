import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

// The built page goes into the Python package, so that who runs it needs no Node.
export default defineConfig({
  base: "./",
  plugins: [svelte()],
  build: {
    outDir: "../streams/console/page",
    emptyOutDir: true,
    license: { fileName: "licenses.md" }, // what the libraries ask for: their notices go along
    assetsInlineLimit: 0, // no data: addresses, the page's Content-Security-Policy has none
    modulePreload: { polyfill: false },
    target: "es2023",
    reportCompressedSize: true,
  },
  server: { proxy: { "/api": process.env["CONSOLE_API"] ?? "http://127.0.0.1:6080" } },
});
