//! Rows on their way to SQLite. A transaction is one text, with a statement for each table that takes all its rows as JSON:
//! every call of sqlx costs two changes of threads, which is more than most statements cost.

use std::fmt::Write as _;

use serde::Serialize;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments as _, AssertSqlSafe, SqliteConnection};

/// The rows of one table that have to go, and those that have to be written, new or not.
#[derive(Debug)]
pub struct Rows<K, R> {
    pub gone: Vec<K>,
    pub kept: Vec<R>,
}

impl<K, R> Default for Rows<K, R> {
    fn default() -> Self {
        Self {
            gone: Vec::new(),
            kept: Vec::new(),
        }
    }
}

/// A row of a table, or its key. It is serialized as a list of its values, those of the key first. `record!` makes one.
pub trait Record: Serialize {
    const TABLE: &'static str;
    const KEY: &'static [&'static str];
    /// The columns beside the key, each with the function that its value goes through, if any.
    const COLUMNS: &'static [(&'static str, &'static str)];
}

/// `record!(Row: "user" (account_id, operator_guid) user_id, active)`: the fields of `Row` are columns of the table `user`,
/// where the two in brackets are the key. Fields of a field follow a semicolon and its name.
macro_rules! record {
    (
        $record:ty: $table:literal ($($key:ident),+)
        $($column:ident $(as $function:ident)?),*
        $(; $inner:ident: $($field:ident),+)?
    ) => {
        impl $crate::store::rows::Record for $record {
            const TABLE: &'static str = $table;
            const KEY: &'static [&'static str] = &[$(stringify!($key)),+];
            const COLUMNS: &'static [(&'static str, &'static str)] = &[
                $((stringify!($column), concat!($(stringify!($function))?)),)*
                $($((stringify!($field), ""),)+)?
            ];
        }

        impl serde::Serialize for $record {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeTuple as _;
                use $crate::store::rows::Record;

                let length = Self::KEY.len() + Self::COLUMNS.len();
                let mut values = serializer.serialize_tuple(length)?;
                $(values.serialize_element(&self.$key)?;)+
                $(values.serialize_element(&self.$column)?;)*
                $($(values.serialize_element(&self.$inner.$field)?;)+)?
                values.end()
            }
        }
    };
}

pub(super) use record;

/// Statements that are to be done together.
#[derive(Debug, Default)]
pub struct Transaction {
    sql: String,
    /// What each statement takes, for `jsonb_each`, which hands each row on without writing it as text again.
    rows: Vec<String>,
}

impl Transaction {
    /// Deletes rows by their keys.
    pub fn delete<K: Record>(&mut self, keys: &[K]) {
        self.add(keys, |sql| {
            let (table, key) = (K::TABLE, K::KEY.join(", "));
            write!(sql, "delete from {table} where ({key}) in (select ")?;
            values::<K>(sql)?;
            write!(sql, " from jsonb_each(?));")
        });
    }

    /// Writes rows: in the place of those with their keys, or as new ones.
    pub fn upsert<R: Record>(&mut self, rows: &[R]) {
        self.add(rows, |sql| {
            let (table, key) = (R::TABLE, R::KEY.join(", "));
            write!(sql, "insert into {table} ({key}")?;
            for (column, _) in columns::<R>() {
                write!(sql, ", {column}")?;
            }
            write!(sql, ") select ")?;
            values::<R>(sql)?;
            // Without a word between, the conflict would be read as what the rows are joined on.
            write!(
                sql,
                " from jsonb_each(?) where true on conflict ({key}) do "
            )?;
            for (at, (column, _)) in columns::<R>().enumerate() {
                let before = if at == 0 { "update set " } else { ", " };
                write!(sql, "{before}{column} = excluded.{column}")?;
            }
            let end = if R::COLUMNS.is_empty() {
                "nothing;"
            } else {
                ";"
            };
            write!(sql, "{end}")
        });
    }

    fn add<R: Record>(&mut self, rows: &[R], statement: impl Fn(&mut String) -> std::fmt::Result) {
        if rows.is_empty() {
            return;
        }
        statement(&mut self.sql).expect("a string takes any text");
        self.rows
            .push(serde_json::to_string(rows).expect("rows are plain texts and numbers"));
    }

    /// Does all of it. Should anything fail, nothing is done.
    pub async fn commit(self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let mut arguments = SqliteArguments::default();
        for rows in self.rows {
            arguments.add(rows).map_err(sqlx::Error::Encode)?;
        }
        let sql = AssertSqlSafe(format!("begin;{}commit", self.sql));
        let done = sqlx::query_with(sql, arguments)
            .execute(&mut *connection)
            .await;
        if done.is_err() {
            // An error of this is that there is nothing to take back: SQLite did so itself, or nothing began.
            let _ = sqlx::raw_sql("rollback").execute(connection).await;
        }
        done.map(drop)
    }
}

/// The columns beside the key. A field that is named by a keyword of Rust has a column without its `r#`.
fn columns<R: Record>() -> impl Iterator<Item = (&'static str, &'static str)> {
    R::COLUMNS
        .iter()
        .map(|(column, function)| (column.trim_start_matches("r#"), *function))
}

/// The values of a record, in the order in which it is serialized.
fn values<R: Record>(sql: &mut String) -> std::fmt::Result {
    let keys = R::KEY.iter().map(|_| "");
    let columns = columns::<R>().map(|(_, function)| function);
    for (at, function) in keys.chain(columns).enumerate() {
        let before = if at == 0 { "" } else { ", " };
        write!(sql, "{before}{function}(value ->> {at})")?;
    }
    Ok(())
}
