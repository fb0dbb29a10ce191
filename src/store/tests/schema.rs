//! Tests that the declarations of tables match the schema that the migrations create.

use std::collections::BTreeMap;
use std::iter::repeat;

use sqlx::SqliteConnection;

use crate::store::rows::{self, Table};
use crate::store::{
    account, api_user, duty_schedule, file, operator, operator_group, saved, usage, user,
};

/// Returns the columns of all our tables: table, name, and position in the primary key, which is 0 outside it.
pub async fn columns(connection: &mut SqliteConnection) -> Vec<(String, String, i64)> {
    sqlx::query_as(
        "select tables.name, columns.name, columns.pk
         from sqlite_schema as tables join pragma_table_info(tables.name) as columns
         where tables.type = 'table' and tables.name not like '!_sqlx!_%' escape '!'",
    )
    .fetch_all(connection)
    .await
    .unwrap()
}

/// Returns the columns of a declared table, each with its position in the primary key.
fn declared<R: Table>() -> impl Iterator<Item = (String, i64)> {
    let names = rows::columns::<R>().map(|(column, _)| format!("{}.{column}", R::TABLE));
    let positions = (1..).take(R::KEY.len()).chain(repeat(0));
    names.zip(positions)
}

#[tokio::test]
async fn declarations_and_schema_have_the_same_tables_columns_and_keys() {
    let declared: BTreeMap<String, i64> = declared::<account::Row>()
        .chain(declared::<api_user::Row>())
        .chain(declared::<duty_schedule::Row>())
        .chain(declared::<operator::Row>())
        .chain(declared::<operator::AuthorizationRow>())
        .chain(declared::<operator_group::Row>())
        .chain(declared::<operator_group::MemberRow>())
        .chain(declared::<operator_group::AuthorizationRow>())
        .chain(declared::<saved::BaseRow>())
        .chain(declared::<saved::SnapshotRow>())
        .chain(declared::<usage::LastUse>())
        .chain(declared::<usage::UseOfDay>())
        .chain(declared::<user::Row>())
        .collect();
    let mut connection = file::in_memory().await.unwrap().connection;
    let columns = columns(&mut connection).await.into_iter();
    let created: BTreeMap<String, i64> = columns
        .map(|(table, column, position)| (format!("{table}.{column}"), position))
        .collect();

    let mut differences = Vec::new();
    for (name, position) in &created {
        match declared.get(name) {
            None => differences.push(format!("{name} is not declared")),
            Some(other) if other != position => differences.push(format!(
                "{name} is declared as number {other} of the key, and made as number {position}"
            )),
            Some(_) => {}
        }
    }
    let missing = declared.keys().filter(|name| !created.contains_key(*name));
    differences.extend(missing.map(|name| format!("{name} is not in the schema")));
    assert_eq!(differences, Vec::<String>::new());
}
