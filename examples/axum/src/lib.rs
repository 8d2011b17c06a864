//! A small shop: a list of orders and a page for each of them, in axum and
//! maud.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use maud::{DOCTYPE, Markup, html};
use serde::Deserialize;

/// An order.
#[derive(Clone, Debug)]
pub struct Order {
    /// Its number.
    pub number: u32,
    /// The name of the customer.
    pub customer: String,
    /// The price in cents.
    pub cents: u32,
    /// Whether it has been paid.
    pub is_paid: bool,
}

impl Order {
    /// An order.
    pub fn new(number: u32, customer: &str, cents: u32, is_paid: bool) -> Self {
        Self {
            number,
            customer: customer.to_owned(),
            cents,
            is_paid,
        }
    }
}

/// The shop with these orders.
pub fn router(orders: Vec<Order>) -> Router {
    Router::new()
        .route("/", get(list))
        .route("/orders/{number}", get(order))
        .route("/style.css", get(style))
        .route("/font.woff2", get(font))
        .with_state(Arc::new(orders))
}

type Orders = State<Arc<Vec<Order>>>;

#[derive(Deserialize)]
struct Filter {
    #[serde(default)]
    customer: String,
}

async fn list(State(orders): Orders, Query(filter): Query<Filter>) -> Markup {
    let found: Vec<_> = orders
        .iter()
        .filter(|order| order.customer.contains(&filter.customer))
        .collect();
    page(
        "Orders",
        &html! {
            form {
                input name="customer" value=(filter.customer) placeholder="Customer";
                button { "Filter" }
            }
            @if found.is_empty() {
                p.empty { "No orders from “" (filter.customer) "”." }
            } @else {
                table {
                    thead { tr { th { "Number" } th { "Customer" } th { "Total" } th { "State" } } }
                    @for order in found {
                        tr {
                            td { a href={ "/orders/" (order.number) } { (order.number) } }
                            td { (order.customer) }
                            td { (price(order.cents)) }
                            td { (state(order)) }
                        }
                    }
                }
            }
        },
    )
}

async fn order(State(orders): Orders, Path(number): Path<u32>) -> Response {
    let Some(order) = orders.iter().find(|order| order.number == number) else {
        let missing = page(
            "No such order",
            &html! { p.empty { "There is no order " (number) "." } },
        );
        return (StatusCode::NOT_FOUND, missing).into_response();
    };
    let title = format!("Order {number}");
    let content = html! {
        dl {
            dt { "Customer" } dd { (order.customer) }
            dt { "Total" } dd { (price(order.cents)) }
            dt { "State" } dd { (state(order)) }
        }
    };
    page(&title, &content).into_response()
}

fn state(order: &Order) -> Markup {
    html! {
        @if order.is_paid { span.good { "paid" } } @else { span.open { "open" } }
    }
}

fn price(cents: u32) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

fn page(title: &str, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                meta name="color-scheme" content="light dark";
                title { (title) }
                link rel="stylesheet" href="/style.css";
            }
            body { main { h1 { (title) } (content) } }
        }
    }
}

async fn style() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css")], include_str!("style.css"))
}

async fn font() -> impl IntoResponse {
    let font: &'static [u8] = include_bytes!("../../../ui/fonts/instrument-sans.woff2");
    ([(CONTENT_TYPE, "font/woff2")], font)
}
