import { mount } from "svelte";
import App from "./App.svelte";
import "./app.css";

const place = document.getElementById("page")!;
place.replaceChildren(); // the name that stands there until the scripts have come
mount(App, { target: place });
