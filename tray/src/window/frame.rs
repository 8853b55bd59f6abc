//! One window of the desktop and its event loop: what winit tells goes to egui, what egui draws goes
//! by the canvas to the screen, and its tree of widgets to screen readers. Nothing is drawn, and
//! nothing wakes, while nothing happens.

use std::num::NonZeroU32;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use egui_winit::accesskit_winit::{self, WindowEvent as Access};
use winit::application::ApplicationHandler;
use winit::dpi::LogicalSize;
use winit::event::{StartCause, WindowEvent};
use winit::event_loop::{ActiveEventLoop, ControlFlow, EventLoop, EventLoopProxy};
use winit::window::{Window, WindowId};

use super::canvas::Canvas;
use super::{strokes, style};

/// The size of a window at first, in points.
const SIZE: [f64; 2] = [760.0, 720.0];
/// The least size at which everything can be reached, in points.
const SIZE_MIN: [f64; 2] = [420.0, 360.0];

/// What a window shows.
pub(super) trait Screen {
    /// Of the window.
    fn title(&self) -> String;
    /// Draws all of it, and acts on what was done in it.
    fn draw(&mut self, ctx: &egui::Context);
}

/// What the loop is told from outside.
#[derive(Debug)]
pub(super) enum Told {
    /// By a screen reader.
    Access(accesskit_winit::Event),
    /// There is something new to draw, after that.
    Awake(Duration),
    /// The window is asked for again.
    Raise,
}

impl From<accesskit_winit::Event> for Told {
    fn from(event: accesskit_winit::Event) -> Self {
        Self::Access(event)
    }
}

/// Opens a window on that screen, and returns when the person closes it.
///
/// # Errors
/// There is no display, or it takes no window.
pub(super) fn open<S: Screen>(
    screen: impl FnOnce(&egui::Context) -> S,
    proxied: impl FnOnce(EventLoopProxy<Told>),
) -> anyhow::Result<()> {
    let event_loop = EventLoop::<Told>::with_user_event();
    let mut event_loop = event_loop;
    let event_loop = event_loop.build().context("reach the display")?;
    let ctx = egui::Context::default();
    let proxy = event_loop.create_proxy();
    let wake = proxy.clone();
    ctx.set_request_repaint_callback(move |info| {
        let _gone = wake.send_event(Told::Awake(info.delay));
    });
    proxied(proxy.clone());
    let mut frame = Frame {
        screen: screen(&ctx),
        ctx,
        proxy,
        shown: None,
        again: None,
        failed: None,
    };
    event_loop.run_app(&mut frame).context("run the window")?;
    frame.failed.map_or(Ok(()), Err)
}

struct Frame<S> {
    screen: S,
    ctx: egui::Context,
    proxy: EventLoopProxy<Told>,
    shown: Option<Shown>,
    again: Option<Instant>,
    failed: Option<anyhow::Error>,
}

struct Shown {
    window: Rc<Window>,
    surface: softbuffer::Surface<Rc<Window>, Rc<Window>>,
    state: egui_winit::State,
    canvas: Canvas,
    title: String,
}

impl<S: Screen> Frame<S> {
    fn show(&mut self, event_loop: &ActiveEventLoop) -> anyhow::Result<()> {
        let title = self.screen.title();
        let attributes = Window::default_attributes()
            .with_title(&title)
            .with_inner_size(LogicalSize::new(SIZE[0], SIZE[1]))
            .with_min_inner_size(LogicalSize::new(SIZE_MIN[0], SIZE_MIN[1]))
            // A screen reader must know of it before it is seen.
            .with_visible(false);
        let window = event_loop
            .create_window(attributes)
            .context("open a window")?;
        let window = Rc::new(window);
        style::dress(&self.ctx, super::os::is_dark(window.theme()));
        let mut state = egui_winit::State::new(
            self.ctx.clone(),
            egui::ViewportId::ROOT,
            &window,
            Some(window.scale_factor() as f32),
            None,
            None,
        );
        state.init_accesskit(event_loop, &window, self.proxy.clone());
        let said =
            |error: softbuffer::SoftBufferError| anyhow::anyhow!("draw on the display: {error}");
        let context = softbuffer::Context::new(Rc::clone(&window)).map_err(said)?;
        let surface = softbuffer::Surface::new(&context, Rc::clone(&window)).map_err(said)?;
        window.set_visible(true);
        window.focus_window();
        window.request_redraw();
        self.shown = Some(Shown {
            window,
            surface,
            state,
            canvas: Canvas::default(),
            title,
        });
        Ok(())
    }

    fn draw(&mut self) -> anyhow::Result<()> {
        let Some(shown) = &mut self.shown else {
            return Ok(());
        };
        self.again = None;
        let input = shown.state.take_egui_input(&shown.window);
        let screen = &mut self.screen;
        let mut drawn = None;
        for part in strokes::parts(input) {
            let mut output = self.ctx.run(part, |ctx| screen.draw(ctx));
            let platform = std::mem::take(&mut output.platform_output);
            shown.state.handle_platform_output(&shown.window, platform);
            shown.canvas.take(&output.textures_delta);
            drawn = Some(output);
        }
        let Some(output) = drawn else {
            return Ok(());
        };
        let title = self.screen.title();
        if title != shown.title {
            shown.window.set_title(&title);
            shown.title = title;
        }
        let size = shown.window.inner_size();
        let (Some(width), Some(height)) =
            (NonZeroU32::new(size.width), NonZeroU32::new(size.height))
        else {
            return Ok(());
        };
        let scale = output.pixels_per_point;
        let primitives = self.ctx.tessellate(output.shapes, scale);
        let ground = self.ctx.style().visuals.panel_fill;
        let area = [size.width as usize, size.height as usize];
        shown.canvas.paint(area, ground, &primitives, scale);
        let said =
            |error: softbuffer::SoftBufferError| anyhow::anyhow!("draw on the display: {error}");
        shown.surface.resize(width, height).map_err(said)?;
        let mut buffer = shown.surface.buffer_mut().map_err(said)?;
        for (pixel, color) in buffer.iter_mut().zip(shown.canvas.pixels()) {
            *pixel = color;
        }
        shown.window.pre_present_notify();
        buffer.present().map_err(said)
    }

    fn ask_for_drawing(&self) {
        if let Some(shown) = &self.shown {
            shown.window.request_redraw();
        }
    }

    fn ended(&mut self, event_loop: &ActiveEventLoop, done: anyhow::Result<()>) {
        if let Err(error) = done {
            self.failed = Some(error);
            event_loop.exit();
        }
    }
}

impl<S: Screen> ApplicationHandler<Told> for Frame<S> {
    fn resumed(&mut self, event_loop: &ActiveEventLoop) {
        if self.shown.is_none() {
            let done = self.show(event_loop);
            self.ended(event_loop, done);
        }
    }

    fn new_events(&mut self, _: &ActiveEventLoop, cause: StartCause) {
        if matches!(cause, StartCause::ResumeTimeReached { .. }) {
            self.ask_for_drawing();
        }
    }

    fn user_event(&mut self, _: &ActiveEventLoop, told: Told) {
        match told {
            Told::Awake(Duration::ZERO) => self.ask_for_drawing(),
            Told::Awake(after) => {
                let at = Instant::now() + after.min(Duration::from_secs(3600));
                self.again = Some(self.again.map_or(at, |earlier| earlier.min(at)));
            }
            Told::Raise => {
                if let Some(shown) = &self.shown {
                    shown.window.set_minimized(false);
                    shown.window.focus_window();
                }
            }
            Told::Access(event) => {
                match event.window_event {
                    Access::InitialTreeRequested => self.ctx.enable_accesskit(),
                    Access::ActionRequested(request) => {
                        if let Some(shown) = &mut self.shown {
                            shown.state.on_accesskit_action_request(request);
                        }
                    }
                    Access::AccessibilityDeactivated => self.ctx.disable_accesskit(),
                }
                self.ask_for_drawing();
            }
        }
    }

    fn window_event(&mut self, event_loop: &ActiveEventLoop, _: WindowId, event: WindowEvent) {
        if matches!(event, WindowEvent::CloseRequested) {
            event_loop.exit();
            return;
        }
        if matches!(event, WindowEvent::RedrawRequested) {
            let done = self.draw();
            self.ended(event_loop, done);
            return;
        }
        let Some(shown) = &mut self.shown else {
            return;
        };
        if shown.state.on_window_event(&shown.window, &event).repaint {
            shown.window.request_redraw();
        }
        let close = egui::KeyboardShortcut::new(egui::Modifiers::COMMAND, egui::Key::W);
        let events = &mut shown.state.egui_input_mut().events;
        let is_close = |event: &egui::Event| {
            matches!(event, egui::Event::Key { key, pressed: true, modifiers, .. }
                if *key == close.logical_key && modifiers.matches_logically(close.modifiers))
        };
        if events.iter().any(is_close) {
            event_loop.exit();
        }
    }

    fn about_to_wait(&mut self, event_loop: &ActiveEventLoop) {
        event_loop.set_control_flow(match self.again {
            Some(at) => ControlFlow::WaitUntil(at),
            None => ControlFlow::Wait,
        });
    }
}
