//! Writes rows to SQLite and reads them. All SQL of a table follows from one declaration of its columns, [`table!`].
//!
//! A transaction is a single SQL text, with one statement for each table, which takes all its rows as JSON: every call of sqlx
//! costs two thread switches, which is more than most statements cost.

use std::fmt::{Debug, Write as _};

use serde::Serialize;
use serde::ser::SerializeTuple;
use sqlx::sqlite::{SqliteArguments, SqliteRow, SqliteValueRef};
use sqlx::{
    Arguments as _, AssertSqlSafe, Decode as _, Row as _, SqliteConnection, TypeInfo as _,
    ValueRef as _,
};

use super::load::Corrupt;
use crate::domain::record::{Field, Source, Visitor};
use crate::domain::value::Value;
use crate::domain::{AccountId, Kept, Restore};

/// The rows of one table that are to be deleted, and those that are to be inserted or updated.
#[derive(Debug)]
pub struct Rows<R: Table> {
    pub deleted: Vec<R::Key>,
    pub upserted: Vec<R>,
}

impl<R: Table> Default for Rows<R> {
    fn default() -> Self {
        Self {
            deleted: Vec::new(),
            upserted: Vec::new(),
        }
    }
}

/// A row of a table, declared by [`table!`]. It is serialized as a list of its values, those of the key first.
pub trait Table: Serialize + Send + Unpin + Sized {
    type Key: Serialize + Debug;

    const TABLE: &'static str;
    const KEY: &'static [&'static str];
    /// The columns outside the key, each with the SQL function that converts its value from text, or an empty string.
    const COLUMNS: &'static [(&'static str, &'static str)];
    /// The columns after those: the fields of a record.
    const RECORD: &'static [&'static str];

    fn key(&self) -> Self::Key;

    /// Reads a row. Returns `None` if this program cannot have written it.
    fn restore(values: &mut Values<'_>) -> Option<Self>;
}

/// Declares a table: the columns of its key in parentheses, then the others, each with the type of its values. Generates the
/// struct of a row and its implementation of [`Table`].
///
/// ```text
/// table! {
///     /// The content of a drawer.
///     Row: "drawer" (account_id: AccountId, number: i64) {
///         label: String,
///         // A blob, written as the text that `hex` returns and converted by `unhex` of SQL.
///         digest: SecretDigest as unhex(SecretDigest::hex),
///         // A record, with a column for each of its fields.
///         ..content: Content
///     }
/// }
/// ```
macro_rules! table {
    (
        $(#[$doc:meta])*
        $record:ident: $table:literal ($($key:ident: $key_type:ty),+) {
            $($column:ident: $type:ty $(as $function:ident($text:path))?,)*
            $(..$inner:ident: $inner_type:ty)?
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $record {
            $(pub $key: $key_type,)+
            $(pub $column: $type,)*
            $(pub $inner: $inner_type,)?
        }

        impl $crate::store::rows::Table for $record {
            type Key = ($($key_type,)+);

            const TABLE: &'static str = $table;
            const KEY: &'static [&'static str] = &[$(stringify!($key)),+];
            const COLUMNS: &'static [(&'static str, &'static str)] = &[
                $((stringify!($column), concat!($(stringify!($function))?)),)*
            ];
            const RECORD: &'static [&'static str] =
                table!(@columns $($inner_type)?);

            fn key(&self) -> Self::Key {
                ($(self.$key.clone(),)+)
            }

            fn restore(values: &mut $crate::store::rows::Values<'_>) -> Option<Self> {
                Some(Self {
                    $($key: values.read()?,)+
                    $($column: values.read()?,)*
                    $($inner: $crate::domain::record::Record::build(values)?,)?
                })
            }
        }

        impl serde::Serialize for $record {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeTuple as _;
                use $crate::store::rows::Table;

                let length = Self::KEY.len() + Self::COLUMNS.len() + Self::RECORD.len();
                let mut values = serializer.serialize_tuple(length)?;
                $(values.serialize_element(&self.$key)?;)+
                $(values.serialize_element(&$($text)?(&self.$column))?;)*
                $(table!(@values values, self.$inner);)?
                values.end()
            }
        }
    };
    (@columns) => { &[] };
    (@columns $record:ty) => { <$record as $crate::domain::record::Record>::COLUMNS };
    (@values $values:ident, $record:expr) => {
        $crate::domain::record::Record::visit(
            &$record,
            &mut $crate::store::rows::RowVisitor(&mut $values),
        )?
    };
}

pub(super) use table;

/// A visitor that writes the fields of a record as values of a row.
#[derive(Debug)]
pub struct RowVisitor<'s, S>(pub &'s mut S);

impl<S: SerializeTuple> Visitor for RowVisitor<'_, S> {
    type Error = S::Error;

    fn visit<T: Value>(&mut self, _: &Field<T>, value: &T) -> Result<(), S::Error> {
        self.0.serialize_element(value)
    }
}

/// The values of a row, which are read in the order of the columns.
#[derive(Debug)]
pub struct Values<'r> {
    row: &'r SqliteRow,
    next: usize,
}

impl Values<'_> {
    pub fn read<T: Restore>(&mut self) -> Option<T> {
        let value = self.row.try_get_raw(self.next).ok()?;
        self.next += 1;
        T::restore(decoded(value)?)
    }
}

/// Reads the fields of a record in the order of its declaration.
impl Source for Values<'_> {
    fn value<T: Value>(&mut self, _: &Field<T>) -> Option<T> {
        self.read()
    }
}

/// Decodes a value of SQLite.
fn decoded(value: SqliteValueRef<'_>) -> Option<Kept<'_>> {
    if value.is_null() {
        return Some(Kept::Null);
    }
    let decoded = match value.type_info().name() {
        "INTEGER" => i64::decode(value).map(Kept::Number),
        "TEXT" => <&str>::decode(value).map(Kept::Text),
        "BLOB" => <&[u8]>::decode(value).map(Kept::Bytes),
        _ => return None,
    };
    decoded.ok()
}

/// Loads all rows of a table.
pub async fn load<R: Table>(connection: &mut SqliteConnection) -> Result<Vec<R>, Corrupt> {
    let columns: Vec<_> = columns::<R>().map(|(column, _)| column).collect();
    let sql = format!("select {} from {}", columns.join(", "), R::TABLE);
    let rows = sqlx::query(AssertSqlSafe(sql))
        .map(|row: SqliteRow| R::restore(&mut Values { row: &row, next: 0 }))
        .fetch_all(connection)
        .await?;
    rows.into_iter()
        .map(|row| row.ok_or(Corrupt::Row(R::TABLE)))
        .collect()
}

/// Statements that are executed in one transaction.
#[derive(Debug, Default)]
pub struct Transaction {
    sql: String,
    /// The rows of each statement as JSON, for `jsonb_each`, which passes each row on without converting it to text again.
    rows: Vec<String>,
}

impl Transaction {
    /// Adds a statement that deletes the deleted rows.
    pub fn delete<R: Table>(&mut self, rows: &Rows<R>) {
        self.delete_where::<R>(R::KEY, &rows.deleted);
    }

    /// Adds a statement that deletes all rows of some accounts.
    pub fn delete_of_accounts<R: Table>(&mut self, accounts: &[AccountId]) {
        let keys: Vec<_> = accounts.iter().map(|account| (account,)).collect();
        self.delete_where::<R>(&["account_id"], &keys);
    }

    fn delete_where<R: Table>(&mut self, columns: &[&str], values: &[impl Serialize]) {
        self.add(values, |sql| {
            write!(sql, "delete from {} where (", R::TABLE)?;
            write_list(sql, columns.iter().copied())?;
            write!(sql, ") in (select ")?;
            write_list(sql, (0..columns.len()).map(|index| value(index, "")))?;
            write!(sql, " from jsonb_each(?));")
        });
    }

    /// Adds a statement that inserts rows or replaces those with the same keys.
    pub fn upsert<R: Table>(&mut self, rows: &[R]) {
        self.add(rows, |sql| {
            write!(sql, "insert into {} (", R::TABLE)?;
            write_list(sql, columns::<R>().map(|(column, _)| column))?;
            write!(sql, ") select ")?;
            let functions = columns::<R>().map(|(_, function)| function).enumerate();
            write_list(
                sql,
                functions.map(|(index, function)| value(index, function)),
            )?;
            // Without `where`, SQLite would parse `on conflict` as a join condition.
            write!(sql, " from jsonb_each(?) where true on conflict (")?;
            write_list(sql, R::KEY.iter().copied())?;
            if columns::<R>().len() == R::KEY.len() {
                return write!(sql, ") do nothing;");
            }
            write!(sql, ") do update set ")?;
            let others = columns::<R>().skip(R::KEY.len());
            write_list(
                sql,
                others.map(|(column, _)| format!("{column} = excluded.{column}")),
            )?;
            write!(sql, ";")
        });
    }

    fn add(
        &mut self,
        rows: &[impl Serialize],
        statement: impl Fn(&mut String) -> std::fmt::Result,
    ) {
        if rows.is_empty() {
            return;
        }
        statement(&mut self.sql).expect("writing to a string cannot fail");
        self.rows
            .push(serde_json::to_string(rows).expect("rows consist of strings and numbers"));
    }

    /// Executes all statements. If one fails, nothing is changed.
    pub async fn commit(self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let mut arguments = SqliteArguments::default();
        for rows in self.rows {
            arguments.add(rows).map_err(sqlx::Error::Encode)?;
        }
        let sql = AssertSqlSafe(format!("begin;{}commit", self.sql));
        let outcome = sqlx::query_with(sql, arguments)
            .execute(&mut *connection)
            .await;
        if outcome.is_err() {
            // An error means that there is no transaction: SQLite already rolled it back, or it never began.
            let _ = sqlx::raw_sql("rollback").execute(connection).await;
        }
        outcome.map(drop)
    }
}

/// Returns the columns of a table in the order in which a row is serialized, each with its function. The column of a field that
/// is named like a keyword of Rust has no `r#`.
pub fn columns<R: Table>() -> impl ExactSizeIterator<Item = (&'static str, &'static str)> {
    let key = R::KEY.iter().map(|column| (*column, ""));
    let record = R::RECORD.iter().map(|column| (*column, ""));
    let all: Vec<_> = key
        .chain(R::COLUMNS.iter().copied())
        .chain(record)
        .collect();
    all.into_iter()
        .map(|(column, function)| (column.trim_start_matches("r#"), function))
}

/// Returns the SQL expression for a value of a row from `jsonb_each`.
fn value(index: usize, function: &str) -> String {
    format!("{function}(value ->> {index})")
}

fn write_list(sql: &mut String, items: impl Iterator<Item = impl AsRef<str>>) -> std::fmt::Result {
    for (index, item) in items.enumerate() {
        let separator = if index == 0 { "" } else { ", " };
        write!(sql, "{separator}{}", item.as_ref())?;
    }
    Ok(())
}
