//! Trains, saves, loads and predicts: the program of docs/rust.md.

use ironlearn::linear::Ridge;
use ironlearn::tree::DecisionTreeClassifier;
use ironlearn::{AnyModel, Control, Saved};
use linfa::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Through linfa's traits.
    let diabetes = ironlearn::datasets::diabetes();
    let (train, test) = linfa::Dataset::new(diabetes.data, diabetes.target).split_with_ratio(0.75);
    let ridge = Ridge { alpha: 0.1.into(), ..Ridge::default() }.fit(&train)?;
    let predicted = ridge.predict(&test);
    println!("ridge R² {:.3}", predicted.r2(&test)?);

    let iris = ironlearn::datasets::iris();
    let species = iris.target.mapv(|class| iris.target_names[class as usize].clone());
    let flowers = linfa::Dataset::new(iris.data, species);
    let tree = DecisionTreeClassifier::default().fit(&flowers)?;
    println!("tree accuracy {:.3}", tree.predict(&flowers).confusion_matrix(&flowers)?.accuracy());

    // The file that Python and the shell read too.
    let path = std::env::temp_dir().join(format!("outside-{}.ironlearn", std::process::id()));
    Saved::new(AnyModel::Ridge(ridge)).write(&path)?;
    let loaded = Saved::read(&path)?;
    std::fs::remove_file(&path)?;
    let again = loaded.predict(test.records().view().into(), &Control::new())?;
    assert_eq!(again.column(0), predicted);
    println!("the loaded model predicts the same {} numbers", again.nrows());
    Ok(())
}
