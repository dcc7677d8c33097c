import fc from "fast-check";

/** In CI a random test draws the same cases every time: what fails there fails here too. Elsewhere it draws new ones. */
if (process.env.CI) fc.configureGlobal({ seed: 20_261_122 });
