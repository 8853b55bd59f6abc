//! Makes an icon and a menu of what is shown.

use tray_icon::menu::{
    CheckMenuItem, IsMenuItem, Menu, MenuItem, PredefinedMenuItem, Result, Submenu,
};
use tray_icon::{BadIcon, Icon, TrayIcon, TrayIconBuilder};

use crate::icon;
use crate::menu::{Item, Shown};
use crate::model::Look;

/// The icon's name on the bus.
const ID: &str = "watercooler";

/// A new icon.
///
/// # Errors
/// The desktop's, such as that it is not there yet.
pub(super) fn new(shown: &Shown) -> anyhow::Result<TrayIcon> {
    let built = TrayIconBuilder::new()
        .with_id(ID)
        .with_title(&shown.title)
        .with_tooltip(&shown.tooltip)
        .with_icon(picture(shown.look)?)
        .with_menu(Box::new(menu(&shown.menu)?))
        .build()?;
    Ok(built)
}

/// Changes what is another than before.
///
/// # Errors
/// The desktop's.
pub(super) fn change(icon: &TrayIcon, before: &Shown, shown: &Shown) -> anyhow::Result<()> {
    if shown.look != before.look {
        icon.set_icon(Some(picture(shown.look)?))?;
    }
    if shown.title != before.title {
        icon.set_title(Some(&shown.title));
    }
    if shown.tooltip != before.tooltip {
        icon.set_tooltip(Some(&shown.tooltip))?;
    }
    if shown.menu != before.menu {
        icon.set_menu(Some(Box::new(menu(&shown.menu)?)));
    }
    Ok(())
}

fn picture(look: Look) -> std::result::Result<Icon, BadIcon> {
    let picture = icon::draw(look, icon::SIDE);
    Icon::from_rgba(picture.rgba, picture.side, picture.side)
}

fn menu(items: &[Item]) -> Result<Menu> {
    let menu = Menu::new();
    for item in items {
        menu.append(&*entry(item)?)?;
    }
    Ok(menu)
}

fn entry(item: &Item) -> Result<Box<dyn IsMenuItem>> {
    Ok(match item {
        Item::Words(words) => Box::new(MenuItem::new(words, false, None)),
        Item::Click(words, click) => Box::new(MenuItem::with_id(click.id(), words, true, None)),
        Item::Check(words, click, is_on) => {
            let id = click.id();
            Box::new(CheckMenuItem::with_id(id, words, true, *is_on, None))
        }
        Item::More(words, items) => {
            let more = Submenu::new(words, !items.is_empty());
            for item in items {
                more.append(&*entry(item)?)?;
            }
            Box::new(more)
        }
        Item::Line => Box::new(PredefinedMenuItem::separator()),
    })
}
