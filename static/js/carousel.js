// Buttons and rotation for a row of slides that already scrolls and snaps without them.
const calm = matchMedia("(prefers-reduced-motion: reduce)");

for (const carousel of document.querySelectorAll(".carousel")) {
  const track = carousel.querySelector(".track");
  const slides = [...track.children];
  const [rotate, previous, next] = carousel.querySelectorAll("button");
  let current = 0;
  let timer;

  // Only the slide in view can be reached by keyboard or read aloud.
  const settle = (index) => {
    current = index;
    slides.forEach((slide, i) => (slide.inert = i !== index));
  };
  const show = (index) => {
    settle((index + slides.length) % slides.length);
    track.scrollTo({ left: slides[current].offsetLeft - track.offsetLeft });
  };
  const turn = (on) => {
    clearInterval(timer);
    timer = on && !calm.matches ? setInterval(() => show(current + 1), 6000) : undefined;
    rotate.ariaLabel = timer ? "Stop slide rotation" : "Start slide rotation";
    track.ariaLive = timer ? "off" : "polite";
    carousel.classList.toggle("turning", Boolean(timer));
  };
  const stop = () => turn(false);

  rotate.onclick = () => turn(!timer);
  previous.onclick = () => (stop(), show(current - 1));
  next.onclick = () => (stop(), show(current + 1));
  for (const part of [track, previous, next]) {
    part.addEventListener("focusin", stop);
    part.addEventListener("pointerenter", stop);
  }
  document.addEventListener("visibilitychange", stop);
  calm.addEventListener("change", stop);

  // Follows fingers, wheels and arrow keys.
  const seen = new IntersectionObserver(
    (entries) => entries.forEach((entry) => entry.isIntersecting && settle(slides.indexOf(entry.target))),
    { root: track, threshold: 0.6 },
  );
  slides.forEach((slide) => seen.observe(slide));

  settle(0);
  carousel.classList.add("ready");
}
